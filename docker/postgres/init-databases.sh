#!/bin/bash
# Run once by the PostgreSQL image, when its volume is empty. For each name in HOLDFAST_DATABASES it
# makes a database holdfast_<name> and a role of the same name that owns it, with the password in
# <NAME>_DB_PASSWORD. A role can enter its own database only, and is no superuser. The services make
# the tables; those of the audit log are then handed over to a role of their own.
set -euo pipefail

for name in ${HOLDFAST_DATABASES:?}; do
    variable="${name^^}_DB_PASSWORD"
    : "${!variable:?$variable is not set}"
    # On standard input: a command line could be read by others. psql quotes the values.
    HOLDFAST_NEW_PASSWORD=${!variable} psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 \
        --username "${POSTGRES_USER:-postgres}" --dbname postgres \
        --set database="holdfast_$name" <<'SQL'
\getenv password HOLDFAST_NEW_PASSWORD
CREATE ROLE :"database" LOGIN PASSWORD :'password';
CREATE DATABASE :"database" OWNER :"database";
REVOKE ALL ON DATABASE :"database" FROM PUBLIC;
SQL
    psql --no-psqlrc --quiet --set ON_ERROR_STOP=1 --username "${POSTGRES_USER:-postgres}" \
        --dbname "holdfast_$name" --set role="holdfast_$name" --file "${BASH_SOURCE[0]%/*}/audit-log.psql"
done
