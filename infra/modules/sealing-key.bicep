// The vault of the keys that seal callers' SAS tokens. The hook `postprovision` creates the first key, once.

import { roles } from '../roles.bicep'

param name string
param location string
param tags object
param principalId string
param identityId string

@description('The object id of the person or pipeline that deploys, which creates and rotates the keys. Empty: assign the role yourself.')
param deployerId string

@description('The type of principal that `deployerId` names.')
param deployerType 'User' | 'Group' | 'ServicePrincipal'

param isPrivate bool

var secret = 'copy-secret-keys'

resource vault 'Microsoft.KeyVault/vaults@2024-11-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    tenantId: tenant().tenantId
    sku: { family: 'A', name: 'standard' }
    enableRbacAuthorization: true
    enableSoftDelete: true
    // A SAS that was sealed with a lost key cannot be opened again.
    enablePurgeProtection: true
    publicNetworkAccess: isPrivate ? 'Disabled' : 'Enabled'
    networkAcls: { bypass: 'AzureServices', defaultAction: isPrivate ? 'Deny' : 'Allow' }
  }
}

resource reader 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(vault.id, identityId, 'Key Vault Secrets User')
  scope: vault
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles['Key Vault Secrets User'])
    description: 'Ferry: Key Vault Secrets User, to read the sealing keys'
  }
}

resource officer 'Microsoft.Authorization/roleAssignments@2022-04-01' = if (!empty(deployerId)) {
  name: guid(vault.id, deployerId, 'Key Vault Secrets Officer')
  scope: vault
  properties: {
    principalId: deployerId
    principalType: deployerType
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles['Key Vault Secrets Officer']
    )
    description: 'Ferry: Key Vault Secrets Officer, for the deployer to create and rotate the sealing keys'
  }
}

output id string = vault.id
output name string = vault.name
output secret string = secret
output reference string = '@Microsoft.KeyVault(SecretUri=${vault.properties.vaultUri}secrets/${secret})'
