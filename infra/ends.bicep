// The copies that are allowed: the only parameters from which roles, COPY_ALLOWED, COPY_ROUTES, Event Grid
// subscriptions and private endpoints are derived, so that these cannot disagree.

@export()
@description('A container of blobs. `subscription` is an id; by default that of the deployment.')
type BlobEnd = {
  service: 'blob'
  subscription: string?
  resourceGroup: string
  account: string
  container: string
}

@export()
@description('A share of Azure Files.')
type FileEnd = {
  service: 'file'
  subscription: string?
  resourceGroup: string
  account: string
  share: string
}

@export()
@description('A source outside Azure Storage: a URL prefix, without a role.')
type WebEnd = {
  service: 'web'
  @description('For example https://downloads.example.org/public')
  url: string
}

@export()
@discriminator('service')
type StorageEnd = BlobEnd | FileEnd

@export()
@discriminator('service')
type SourceEnd = BlobEnd | FileEnd | WebEnd

@export()
@description('A copy that callers may request: one pair of COPY_ALLOWED.')
type Copy = {
  from: SourceEnd
  to: StorageEnd
  @description('Blob index tags are read from the source and written to the destination. Needs the role Owner on both.')
  tags: bool?
  @description('Options that cannot be undone, or that change the source.')
  allow: Power[]?
}

@export()
@description('A rule that copies new blobs: one entry of COPY_ROUTES.')
type Route = {
  @minLength(1)
  @maxLength(64)
  name: string
  source: BlobEnd
  prefix: string?
  suffix: string?
  glob: string?
  destination: StorageEnd
  @description('Where in the container or share, with variables. By default {path}.')
  path: string?
  options: object?
  tags: bool?
  allow: Power[]?
}

@export()
@description('An option that a pair or a route grants beyond reading and writing (src/SECURITY.md).')
type Power = 'hold-source' | 'lock' | 'legal-hold' | 'seal' | 'replace' | 'permissions' | 'report'

@export()
@description('One role assignment, and why it is needed.')
type Grant = {
  subscription: string
  resourceGroup: string
  account: string
  @description('The container or share; empty for the whole account.')
  place: string
  service: 'blob' | 'file'
  role: string
  why: string
}

@export()
@description('The URL prefix of an endpoint, in the form that the settings use.')
func endUrl(end object, suffix string) string =>
  end.service == 'web'
    ? end.url
    : end.service == 'blob'
        ? 'https://${end.account}.blob.${suffix}/${end.container}'
        : 'https://${end.account}.file.${suffix}/${end.share}'

@export()
@description('The entries of COPY_ALLOWED.')
func allowedPair(copy object, suffix string) object =>
  union(
    { from: endUrl(copy.from, suffix), to: endUrl(copy.to, suffix) },
    empty(copy.?allow) ? {} : { allow: copy.allow }
  )

@export()
@description('An entry of COPY_ROUTES.')
func routeSetting(route object, suffix string) object =>
  union(
    {
      name: route.name
      source: endUrl(route.source, suffix)
      destination: '${endUrl(route.destination, suffix)}/${route.?path ?? '{path}'}'
    },
    empty(route.?prefix) ? {} : { prefix: route.prefix },
    empty(route.?suffix) ? {} : { suffix: route.suffix },
    empty(route.?glob) ? {} : { glob: route.glob },
    empty(route.?options) ? {} : { options: route.options },
    empty(route.?allow) ? {} : { allow: route.allow }
  )

func grant(end object, deployment string, role string, why string) object => {
  subscription: end.?subscription ?? deployment
  resourceGroup: end.resourceGroup
  account: end.account
  service: end.service
  place: end.service == 'blob' ? end.container : end.share
  role: role
  why: why
}

func accountGrant(end object, deployment string, role string, why string) object =>
  union(grant(end, deployment, role, why), { place: '' })

func isOneAccount(from object, to object) bool =>
  from.service == 'blob' && to.service == 'blob' && from.account == to.account

@export()
@description('The roles that one copy needs on its source. A source outside Storage needs none.')
func sourceGrants(copy object, deployment string) array =>
  copy.from.service == 'web'
    ? []
    : copy.from.service == 'file'
        ? [
            grant(copy.from, deployment, 'Storage File Data Privileged Reader', 'read a source file')
            accountGrant(copy.from, deployment, 'Storage File Delegator', 'sign a SAS for the source of one copy')
          ]
        : concat(
            copy.?tags ?? false
              ? [grant(copy.from, deployment, 'Storage Blob Data Owner', 'read a source, and its tags')]
              : contains(copy.?allow ?? [], 'hold-source')
                  ? [grant(copy.from, deployment, 'Storage Blob Data Contributor', 'read a source, and lease it')]
                  : [grant(copy.from, deployment, 'Storage Blob Data Reader', 'read a source')],
            isOneAccount(copy.from, copy.to)
              ? []
              : [accountGrant(copy.from, deployment, 'Storage Blob Delegator', 'sign a SAS for the source of one copy')]
          )

@export()
@description('The role that one copy needs on its destination.')
func destinationGrants(copy object, deployment string) array =>
  copy.to.service == 'file'
    ? [grant(copy.to, deployment, 'Storage File Data Privileged Contributor', 'write a destination file')]
    : copy.?tags ?? false
        ? [grant(copy.to, deployment, 'Storage Blob Data Owner', 'write a destination, and its tags')]
        : [grant(copy.to, deployment, 'Storage Blob Data Contributor', 'write a destination')]

@export()
@description('A container whose events Ferry receives.')
func watchedContainer(end object, deployment string) object => {
  subscription: end.?subscription ?? deployment
  resourceGroup: end.resourceGroup
  account: end.account
  container: end.container
}
