// Assigns the app's roles on the storage accounts of one resource group. The accounts, containers and shares exist.

import { roles } from '../roles.bicep'
import { Grant } from '../ends.bicep'

@description('The object id of the app\'s identity.')
param principalId string

@description('The resource id of the app\'s identity; names the assignments, because `principalId` is not known in advance.')
param identityId string

param grants Grant[]

var onAccounts = filter(grants, grant => empty(grant.place))
var onContainers = filter(grants, grant => !empty(grant.place) && grant.service == 'blob')
var onShares = filter(grants, grant => !empty(grant.place) && grant.service == 'file')

resource accounts 'Microsoft.Storage/storageAccounts@2025-06-01' existing = [
  for grant in onAccounts: {
    name: grant.account
  }
]

resource containers 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' existing = [
  for grant in onContainers: {
    #disable-next-line use-parent-property
    name: '${grant.account}/default/${grant.place}'
  }
]

resource shares 'Microsoft.Storage/storageAccounts/fileServices/shares@2025-06-01' existing = [
  for grant in onShares: {
    #disable-next-line use-parent-property
    name: '${grant.account}/default/${grant.place}'
  }
]

resource accountRoles 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (grant, index) in onAccounts: {
    name: guid(accounts[index].id, identityId, grant.role)
    scope: accounts[index]
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[grant.role])
      description: 'Ferry: ${grant.role}, to ${grant.why}'
    }
  }
]

resource containerRoles 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (grant, index) in onContainers: {
    name: guid(containers[index].id, identityId, grant.role)
    scope: containers[index]
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[grant.role])
      description: 'Ferry: ${grant.role}, to ${grant.why}'
    }
  }
]

resource shareRoles 'Microsoft.Authorization/roleAssignments@2022-04-01' = [
  for (grant, index) in onShares: {
    name: guid(shares[index].id, identityId, grant.role)
    scope: shares[index]
    properties: {
      principalId: principalId
      principalType: 'ServicePrincipal'
      roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles[grant.role])
      description: 'Ferry: ${grant.role}, to ${grant.why}'
    }
  }
]
