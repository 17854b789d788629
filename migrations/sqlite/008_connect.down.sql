DROP TABLE connect_environments;
DROP TABLE connect_authorizations;
