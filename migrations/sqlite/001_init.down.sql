DROP TABLE workspace_members;
DROP TABLE auth_accounts;
DROP TABLE users;
DROP TABLE workspaces;
PRAGMA application_id = 0;
