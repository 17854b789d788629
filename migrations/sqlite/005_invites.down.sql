DROP INDEX auth_accounts_by_user;
DROP INDEX users_by_email;
DROP TABLE auth_invites;
