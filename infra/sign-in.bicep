@export()
@description('Sign-in with Microsoft Entra, by an app registration that exists.')
type SignIn = {
  clientId: string
  tenantId: string?
  allowedAudiences: string[]?
  @description('The client ids of the applications that may call; empty allows every application of the tenant.')
  allowedApplications: string[]?
}
