// Lets a topic write the events that it could not deliver.

import { roles } from '../roles.bicep'

param account string
param container string
param principalId string

@description('The resource id of the topic; names the assignment.')
param topicId string

resource deadLetters 'Microsoft.Storage/storageAccounts/blobServices/containers@2025-06-01' existing = {
  #disable-next-line use-parent-property
  name: '${account}/default/${container}'
}

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(deadLetters.id, topicId, 'Storage Blob Data Contributor')
  scope: deadLetters
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles['Storage Blob Data Contributor']
    )
    description: 'Ferry: Storage Blob Data Contributor, for Event Grid to write dead letters'
  }
}
