// Lets a topic deliver its events to the app's queue.

import { roles } from '../roles.bicep'

param account string
param queue string
param principalId string

@description('The resource id of the topic; names the assignment.')
param topicId string

resource events 'Microsoft.Storage/storageAccounts/queueServices/queues@2025-06-01' existing = {
  #disable-next-line use-parent-property
  name: '${account}/default/${queue}'
}

resource assignment 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(events.id, topicId, 'Storage Queue Data Message Sender')
  scope: events
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId(
      'Microsoft.Authorization/roleDefinitions',
      roles['Storage Queue Data Message Sender']
    )
    description: 'Ferry: Storage Queue Data Message Sender, for Event Grid to deliver events'
  }
}
