// A place for a server; tests only look at how it is declared.
process.stdin.resume()
