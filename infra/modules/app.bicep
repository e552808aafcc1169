// The function app on its own Flex Consumption plan.

import { SignIn } from '../sign-in.bicep'

param name string
param planName string
param location string
param tags object

param nodeVersion string
param instanceMemoryMB int
param maximumInstanceCount int

@description('Instances that are always ready for Durable Functions; 0 for none.')
param alwaysReady int

param identityId string

@description('The container that holds the package.')
param packageUrl string

@description('The subnet for the app\'s outgoing calls; empty for none.')
param subnetId string

param signIn SignIn?

@description('The client id of the app\'s identity.')
param clientId string

@description('The endpoints of the account that holds the app\'s own state.')
param stateEndpoints { blob: string, queue: string, table: string }

param insightsConnection string

@description('The settings whose values are known before anything is deployed, by name.')
param ownSettings object

@description('A Key Vault reference to the sealing keys; empty for none.')
param sealingKeys string

@description('The endpoint of the completion topic; empty for none.')
param topicEndpoint string

@secure()
@description('Signs the notifications to the webhook; empty without a webhook.')
param webhookSecret string

@description('The connection of Durable Task Scheduler; empty if the task hub is in Azure Storage.')
param schedulerConnection string

resource plan 'Microsoft.Web/serverfarms@2024-11-01' = {
  name: planName
  location: location
  tags: tags
  kind: 'functionapp'
  sku: { name: 'FC1', tier: 'FlexConsumption' }
  properties: { reserved: true }
}

resource site 'Microsoft.Web/sites@2024-11-01' = {
  name: name
  location: location
  tags: union(tags, { 'azd-service-name': 'ferry' })
  kind: 'functionapp,linux'
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: { '${identityId}': {} }
  }
  properties: {
    serverFarmId: plan.id
    httpsOnly: true
    keyVaultReferenceIdentity: identityId
    virtualNetworkSubnetId: empty(subnetId) ? null : subnetId
    siteConfig: {
      minTlsVersion: '1.2'
      ftpsState: 'Disabled'
    }
    functionAppConfig: {
      deployment: {
        storage: {
          type: 'blobContainer'
          value: packageUrl
          authentication: { type: 'UserAssignedIdentity', userAssignedIdentityResourceId: identityId }
        }
      }
      runtime: { name: 'node', version: nodeVersion }
      scaleAndConcurrency: {
        instanceMemoryMB: instanceMemoryMB
        maximumInstanceCount: maximumInstanceCount
        // The app holds at most half as many requests (Prefer: wait): `maxHeld` in triggers/http/hold-until-ended.ts.
        triggers: { http: { perInstanceConcurrency: 16 } }
        alwaysReady: alwaysReady == 0 ? [] : [{ name: 'durable', instanceCount: alwaysReady }]
      }
    }
  }

  resource appSettings 'config' = {
    name: 'appsettings'
    properties: union(
      {
        AzureWebJobsStorage__blobServiceUri: stateEndpoints.blob
        AzureWebJobsStorage__queueServiceUri: stateEndpoints.queue
        AzureWebJobsStorage__tableServiceUri: stateEndpoints.table
        AzureWebJobsStorage__credential: 'managedidentity'
        AzureWebJobsStorage__clientId: clientId
        AZURE_CLIENT_ID: clientId
        APPLICATIONINSIGHTS_CONNECTION_STRING: insightsConnection
        APPLICATIONINSIGHTS_AUTHENTICATION_STRING: 'ClientId=${clientId};Authorization=AAD'
      },
      ownSettings,
      empty(sealingKeys) ? {} : { COPY_SECRET_KEYS: sealingKeys },
      empty(topicEndpoint) ? {} : { COPY_NOTICE_TOPIC: topicEndpoint },
      empty(webhookSecret) ? {} : { COPY_NOTICE_SECRET: webhookSecret },
      empty(schedulerConnection) ? {} : { DURABLE_TASK_SCHEDULER_CONNECTION_STRING: schedulerConnection }
    )
  }

  resource scm 'basicPublishingCredentialsPolicies' = {
    name: 'scm'
    properties: { allow: false }
  }

  resource ftp 'basicPublishingCredentialsPolicies' = {
    name: 'ftp'
    properties: { allow: false }
  }

  resource auth 'config' = if (signIn != null) {
    name: 'authsettingsV2'
    properties: {
      globalValidation: {
        requireAuthentication: true
        unauthenticatedClientAction: 'Return401'
        // Event Grid and the host's own callers send keys; the others hold no data. Not verified in Azure.
        excludedPaths: [
          '/runtime/webhooks/*'
          '/api/health'
          '/api/openapi.json'
          '/api/dashboard'
          '/api/dashboard/*'
        ]
      }
      httpSettings: { requireHttps: true }
      identityProviders: {
        azureActiveDirectory: {
          enabled: true
          registration: {
            clientId: signIn!.clientId
            openIdIssuer: '${environment().authentication.loginEndpoint}${signIn!.?tenantId ?? tenant().tenantId}/v2.0'
          }
          validation: {
            allowedAudiences: signIn!.?allowedAudiences ?? ['api://${signIn!.clientId}']
            defaultAuthorizationPolicy: {
              allowedApplications: signIn!.?allowedApplications ?? []
            }
          }
        }
      }
      login: { tokenStore: { enabled: false } }
    }
  }
}

output id string = site.id
output name string = site.name
output url string = 'https://${site.properties.defaultHostName}'
