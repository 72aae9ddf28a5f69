export interface CheckedFolder {
  readonly kind: string
}
export async function checkResources(folder: string): Promise<CheckedFolder> {
  return { kind: folder }
}
