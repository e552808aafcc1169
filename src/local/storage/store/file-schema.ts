/**
 * Shares, their directories and files. A share snapshot is a separate share with its own directories
 * and files. `path_key` and `parent_key` are paths without case, for comparison. The root directory has
 * the empty path.
 */
export const fileSchema = `
CREATE TABLE share (
  id INTEGER PRIMARY KEY,
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  snapshot TEXT NOT NULL,
  etag TEXT NOT NULL,
  modified_at INTEGER NOT NULL,
  quota_gib INTEGER NOT NULL,
  protocol TEXT NOT NULL CHECK (protocol IN ('SMB', 'NFS')),
  metadata TEXT NOT NULL,
  UNIQUE (account, name, snapshot)
) STRICT;

CREATE TABLE permission (
  share INTEGER NOT NULL REFERENCES share ON DELETE CASCADE,
  key TEXT NOT NULL,
  format TEXT NOT NULL,
  text TEXT NOT NULL,
  PRIMARY KEY (share, key)
) STRICT;

CREATE TABLE directory (
  id INTEGER PRIMARY KEY,
  share INTEGER NOT NULL REFERENCES share ON DELETE CASCADE,
  path TEXT NOT NULL,
  path_key TEXT NOT NULL,
  parent_key TEXT,
  etag TEXT NOT NULL,
  modified_at INTEGER NOT NULL,
  metadata TEXT NOT NULL,
  system TEXT NOT NULL,
  UNIQUE (share, path_key)
) STRICT;
CREATE INDEX directory_parent ON directory (share, parent_key);

CREATE TABLE file (
  id INTEGER PRIMARY KEY,
  share INTEGER NOT NULL REFERENCES share ON DELETE CASCADE,
  path TEXT NOT NULL,
  path_key TEXT NOT NULL,
  parent_key TEXT NOT NULL,
  etag TEXT NOT NULL,
  modified_at INTEGER NOT NULL,
  content INTEGER REFERENCES content,
  length INTEGER NOT NULL,
  content_headers TEXT NOT NULL,
  metadata TEXT NOT NULL,
  system TEXT NOT NULL,
  lease TEXT NOT NULL,
  copy TEXT,
  UNIQUE (share, path_key)
) STRICT;
CREATE INDEX file_parent ON file (share, parent_key);
CREATE INDEX file_content ON file (content);
`;
