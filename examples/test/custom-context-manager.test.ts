import { testContextManager } from '@halter/testkit'
import { LedgerContextManager } from '../custom-context-manager.ts'

testContextManager('the ledger', { create: () => new LedgerContextManager(0.8) })
