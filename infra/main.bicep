// Everything that Ferry needs in Azure, except the event subscriptions (events.bicep), which can be created only when
// the functions exist. Existing storage accounts are not changed, apart from role assignments on them.

targetScope = 'subscription'

import { allowedPair, Copy, destinationGrants, Route, routeSetting, sourceGrants } from 'ends.bicep'
import { SignIn } from 'sign-in.bicep'

@minLength(1)
@maxLength(48)
@description('The name of the azd environment; names the resource group and its resources.')
param environmentName string

@minLength(1)
param location string

@description('The pairs that callers may copy; none by default.')
param copies Copy[] = []

@description('The routes that copy new blobs.')
param routes Route[] = []

@description('The task hub: `storage` (Azure Storage) or `scheduler` (Durable Task Scheduler). The package must be built for the same task hub.')
param backend 'storage' | 'scheduler' = 'storage'

@description('Address ranges that may call the scheduler.')
param schedulerIpAllowlist string[] = ['0.0.0.0/0']

param nodeVersion '22' | '24' = '22'

@description('Memory of an instance. Nearly all of Ferry\'s work is waiting for Storage.')
param instanceMemoryMB 512 | 2048 | 4096 = 512

@minValue(40)
@maxValue(1000)
param maximumInstanceCount int = 40

@minValue(0)
@description('Instances that never stop; without one, the first copy after a pause waits for a cold start.')
param alwaysReady int = 0

@description('Private endpoints for everything that the app calls. The app\'s own endpoint stays public, because Event Grid pushes to it; see `eventQueue`.')
param privateNetwork bool = false

param addressPrefix string = '10.42.0.0/24'

@description('Accept requests with a SAS. Creates a key vault for the keys that seal them.')
param acceptSas bool = false

@description('The object id of the person or pipeline that deploys; creates the first sealing key.')
param deployerId string = ''

param deployerType 'User' | 'Group' | 'ServicePrincipal' = 'User'

@description('Microsoft Entra instead of function keys.')
param signIn SignIn?

@description('Create an Event Grid topic for the notifications of ended copies.')
param completionTopic bool = false

@description('A webhook for the notifications of ended copies.')
param webhook string = ''

@secure()
@description('Signs the notifications to the webhook.')
param webhookSecret string = ''

@minValue(3)
@maxValue(3650)
@description('The number of days for which a copy can be read after it has ended.')
param retentionDays int = 30

@minValue(1)
@description('The maximum number of days for which a copy may lock its destination, if a pair or route grants that.')
param maxLockDays int = 3653

@description('With sign-in: the principals that may read and abort every copy, as `<provider>/<id>`, separated by commas.')
param operators string = ''

@description('Reads events from this queue, which is created in the app\'s own account, instead of receiving them from Event Grid.')
param eventQueue string = ''

@description('When the watchdog checks for copies that have stopped making progress (NCRONTAB).')
param watchdogSchedule string = '0 */5 * * * *'

@description('Gigabytes of logs a day; -1 for no limit.')
param dailyLogQuotaGb int = 1

@description('The resource id of the action group that alerts notify. Without one, they are only listed in the portal.')
param actionGroupId string = ''

var suffix = environment().suffixes.storage
var token = take(uniqueString(subscription().id, environmentName, location), 10)
var tags = { 'azd-env-name': environmentName }
var taskHub = 'Ferry'
var ownSubscription = subscription().subscriptionId
var groupName = 'rg-${environmentName}'
var identityName = 'id-ferry-${token}'
// Not the module's output: the names of role assignments must be known before anything is deployed.
var identityId = resourceId(
  ownSubscription,
  groupName,
  'Microsoft.ManagedIdentity/userAssignedIdentities',
  identityName
)

var ends = concat(
  map(copies, copy => { from: copy.from, to: copy.to, tags: copy.?tags, allow: copy.?allow }),
  map(routes, route => { from: route.source, to: route.destination, tags: route.?tags, allow: route.?allow })
)
var grants = union(
  flatten(map(ends, copy => concat(sourceGrants(copy, ownSubscription), destinationGrants(copy, ownSubscription)))),
  []
)
var grantGroups = union(
  map(grants, grant => { subscription: grant.subscription, resourceGroup: grant.resourceGroup }),
  []
)
var usedAccounts = union(
  map(grants, grant => {
    id: '/subscriptions/${grant.subscription}/resourceGroups/${grant.resourceGroup}/providers/Microsoft.Storage/storageAccounts/${grant.account}'
    name: grant.account
    group: grant.service
  }),
  []
)

resource group 'Microsoft.Resources/resourceGroups@2025-04-01' = {
  name: groupName
  location: location
  tags: tags
}

module identity 'modules/identity.bicep' = {
  scope: group
  params: { name: identityName, location: location, tags: tags }
}

module state 'modules/state.bicep' = {
  scope: group
  params: {
    name: 'stferry${token}'
    location: location
    tags: tags
    principalId: identity.outputs.principalId
    identityId: identityId
    isPrivate: privateNetwork
    holdsTaskHub: backend == 'storage'
    eventQueue: eventQueue
  }
}

module monitoring 'modules/monitoring.bicep' = {
  scope: group
  params: {
    name: 'ferry-${token}'
    location: location
    tags: tags
    principalId: identity.outputs.principalId
    identityId: identityId
    dailyQuotaGb: dailyLogQuotaGb
    actionGroupId: actionGroupId
  }
}

module scheduler 'modules/scheduler.bicep' = if (backend == 'scheduler') {
  scope: group
  params: {
    name: 'dts-ferry-${token}'
    location: location
    tags: tags
    taskHub: taskHub
    principalId: identity.outputs.principalId
    identityId: identityId
    clientId: identity.outputs.clientId
    ipAllowlist: schedulerIpAllowlist
    isPrivate: privateNetwork
  }
}

module sealingKey 'modules/sealing-key.bicep' = if (acceptSas) {
  scope: group
  params: {
    name: 'kv-ferry-${token}'
    location: location
    tags: tags
    principalId: identity.outputs.principalId
    identityId: identityId
    deployerId: deployerId
    deployerType: deployerType
    isPrivate: privateNetwork
  }
}

module topic 'modules/completion-topic.bicep' = if (completionTopic) {
  scope: group
  params: {
    name: 'evgt-ferry-${token}'
    location: location
    tags: tags
    principalId: identity.outputs.principalId
    identityId: identityId
  }
}

module sources 'modules/grants.bicep' = [
  for place in grantGroups: {
    scope: resourceGroup(place.subscription, place.resourceGroup)
    params: {
      principalId: identity.outputs.principalId
      identityId: identityId
      grants: filter(
        grants,
        grant => grant.subscription == place.subscription && grant.resourceGroup == place.resourceGroup
      )
    }
  }
]

module network 'modules/network.bicep' = if (privateNetwork) {
  scope: group
  params: {
    name: 'ferry-${token}'
    location: location
    tags: tags
    addressPrefix: addressPrefix
    targets: concat(
      map(
        backend == 'storage' || !empty(eventQueue) ? ['blob', 'queue', 'table'] : ['blob', 'table'],
        service => { id: state.outputs.id, name: 'state', group: service }
      ),
      acceptSas ? [{ id: sealingKey!.outputs.id, name: 'keys', group: 'vault' }] : [],
      backend == 'scheduler' ? [{ id: scheduler!.outputs.id, name: 'hub', group: 'scheduler' }] : [],
      usedAccounts
    )
  }
}

module app 'modules/app.bicep' = {
  scope: group
  // A cold host without its roles can fail its first start.
  dependsOn: [sources]
  params: {
    name: 'func-ferry-${token}'
    planName: 'plan-ferry-${token}'
    location: location
    tags: tags
    nodeVersion: nodeVersion
    instanceMemoryMB: instanceMemoryMB
    maximumInstanceCount: maximumInstanceCount
    alwaysReady: alwaysReady
    identityId: identityId
    packageUrl: state.outputs.packageUrl
    subnetId: privateNetwork ? network!.outputs.appSubnetId : ''
    signIn: signIn
    clientId: identity.outputs.clientId
    stateEndpoints: state.outputs.endpoints
    insightsConnection: monitoring.outputs.connectionString
    sealingKeys: acceptSas ? sealingKey!.outputs.reference : ''
    topicEndpoint: completionTopic ? topic!.outputs.endpoint : ''
    webhookSecret: empty(webhook) ? '' : webhookSecret
    schedulerConnection: backend == 'scheduler' ? scheduler!.outputs.connectionString : ''
    ownSettings: union(
      {
        TASKHUB_NAME: taskHub
        COPY_ALLOWED: string(map(copies, copy => allowedPair(copy, suffix)))
        COPY_ROUTES: string(map(routes, route => routeSetting(route, suffix)))
        COPY_RETENTION_DAYS: string(retentionDays)
        COPY_WATCHDOG: watchdogSchedule
        COPY_MAX_LOCK_DAYS: string(maxLockDays)
        COPY_AUTH: signIn == null ? 'keys' : 'entra'
      },
      empty(operators) ? {} : { COPY_OPERATORS: operators },
      empty(eventQueue) ? {} : { COPY_EVENT_QUEUE: eventQueue },
      empty(webhook) ? {} : { COPY_NOTICE_WEBHOOK: webhook }
    )
  }
}

output AZURE_RESOURCE_GROUP string = group.name
output FERRY_APP_ID string = app.outputs.id
output FERRY_APP_NAME string = app.outputs.name
output FERRY_URL string = app.outputs.url
output FERRY_BACKEND string = backend
output FERRY_STATE_ACCOUNT_ID string = state.outputs.id
output FERRY_DEAD_LETTERS string = state.outputs.deadLetterContainer
output FERRY_KEY_VAULT string = acceptSas ? sealingKey!.outputs.name : ''
output FERRY_KEY_SECRET string = acceptSas ? sealingKey!.outputs.secret : ''
