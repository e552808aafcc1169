using '../main.bicep'

param environmentName = 'ferry-scheduler'
param location = 'westeurope'
param backend = 'scheduler'
param alwaysReady = 1
param instanceMemoryMB = 2048
param copies = [
  {
    from: { service: 'blob', resourceGroup: 'rg-media', account: 'acct1', container: 'inbox' }
    to: { service: 'blob', resourceGroup: 'rg-media', account: 'acct1', container: 'archive' }
    allow: ['lock', 'legal-hold']
  }
]
