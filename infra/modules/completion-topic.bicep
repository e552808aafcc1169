// The Event Grid topic that receives a notification when a copy ends.

import { roles } from '../roles.bicep'

param name string
param location string
param tags object
param principalId string
param identityId string

resource topic 'Microsoft.EventGrid/topics@2025-02-15' = {
  name: name
  location: location
  tags: tags
  properties: {
    inputSchema: 'CloudEventSchemaV1_0'
    disableLocalAuth: true
    minimumTlsVersionAllowed: '1.2'
  }
}

resource sender 'Microsoft.Authorization/roleAssignments@2022-04-01' = {
  name: guid(topic.id, identityId, 'EventGrid Data Sender')
  scope: topic
  properties: {
    principalId: principalId
    principalType: 'ServicePrincipal'
    roleDefinitionId: subscriptionResourceId('Microsoft.Authorization/roleDefinitions', roles['EventGrid Data Sender'])
    description: 'Ferry: EventGrid Data Sender, to send notifications'
  }
}

output endpoint string = topic.properties.endpoint
