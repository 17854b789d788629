DROP INDEX workspaces_by_age;
DROP TABLE workspace_settings;
DROP TABLE deployment_admins;
