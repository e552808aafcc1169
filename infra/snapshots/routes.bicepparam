using '../main.bicep'

param environmentName = 'ferry-routes'
param location = 'westeurope'
param nodeVersion = '24'
param privateNetwork = true
param acceptSas = true
param completionTopic = true
param webhook = 'https://hooks.example.org/ferry'
param webhookSecret = readEnvironmentVariable('FERRY_WEBHOOK_SECRET', 'only-for-the-snapshot')
param deployerId = '00000000-0000-0000-0000-00000000000d'
param signIn = { clientId: '00000000-0000-0000-0000-00000000000c' }
param actionGroupId = '/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-operations/providers/Microsoft.Insights/actionGroups/operators'
param eventQueue = 'copy-events'
param operators = 'aad/00000000-0000-0000-0000-00000000000e'
param copies = [
  {
    from: { service: 'file', resourceGroup: 'rg-media', account: 'acct1', share: 'projects' }
    to: { service: 'blob', resourceGroup: 'rg-archive', account: 'acct2', container: 'archive' }
  }
  {
    from: { service: 'web', url: 'https://downloads.example.org/public' }
    to: { service: 'blob', resourceGroup: 'rg-archive', account: 'acct2', container: 'archive' }
  }
  {
    from: { service: 'blob', resourceGroup: 'rg-media', account: 'acct1', container: 'inbox' }
    to: { service: 'file', resourceGroup: 'rg-media', account: 'acct1', share: 'projects' }
    allow: ['hold-source']
  }
]
param routes = [
  {
    name: 'films'
    source: { service: 'blob', resourceGroup: 'rg-media', account: 'acct1', container: 'inbox' }
    glob: '**/*.{mp4,mov}'
    destination: {
      service: 'blob'
      subscription: '00000000-0000-0000-0000-000000000002'
      resourceGroup: 'rg-archive'
      account: 'acct3'
      container: 'films'
    }
    path: '{year}/{path}'
    options: { tier: 'Cool' }
    tags: true
  }
]
