#include "SQLiteShim.h"
#include <sqlite3.h>

_Static_assert(SQLITE_CORRUPT == mlt_sqlite_corrupt && SQLITE_FULL == mlt_sqlite_full && SQLITE_NOTADB == mlt_sqlite_not_a_database &&
                   SQLITE_CANTOPEN == mlt_sqlite_cannot_open && SQLITE_CONSTRAINT == mlt_sqlite_constraint && SQLITE_ROW == mlt_sqlite_row &&
                   SQLITE_DONE == mlt_sqlite_done && SQLITE_READONLY == mlt_sqlite_read_only && SQLITE_IOERR == mlt_sqlite_io &&
                   SQLITE_PERM == mlt_sqlite_permission && SQLITE_LOCKED == mlt_sqlite_locked && SQLITE_TOOBIG == mlt_sqlite_too_big,
               "the numbers are SQLite's");
_Static_assert(SQLITE_INTEGER == mlt_sqlite_integer && SQLITE_FLOAT == mlt_sqlite_float && SQLITE_TEXT == mlt_sqlite_text &&
                   SQLITE_BLOB == mlt_sqlite_blob && SQLITE_NULL == mlt_sqlite_null,
               "the numbers are SQLite's");

static sqlite3 *of(mlt_sqlite *database) { return (sqlite3 *)database; }
static sqlite3_stmt *as(mlt_sqlite_statement *statement) { return (sqlite3_stmt *)statement; }

int mlt_sqlite_open(const char *path, mlt_sqlite **database) {
    sqlite3 *opened = NULL;
    int result = sqlite3_open_v2(path, &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, NULL);
    *database = (mlt_sqlite *)opened;
    if (result != SQLITE_OK) return result & 0xFF;
    sqlite3_db_config(opened, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(opened, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(opened, SQLITE_DBCONFIG_ENABLE_FKEY, 1, NULL);
    // "text" in double quotes is a name and nothing else.
    sqlite3_db_config(opened, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    sqlite3_db_config(opened, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
    sqlite3_db_config(opened, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    sqlite3_limit(opened, SQLITE_LIMIT_LENGTH, 64 << 20);
    sqlite3_limit(opened, SQLITE_LIMIT_SQL_LENGTH, 1 << 20);
    sqlite3_limit(opened, SQLITE_LIMIT_ATTACHED, 0);
    return SQLITE_OK;
}

void mlt_sqlite_close(mlt_sqlite *database) { sqlite3_close_v2(of(database)); }
const char *mlt_sqlite_message(mlt_sqlite *database) { return sqlite3_errmsg(of(database)); }
int mlt_sqlite_extended_code(mlt_sqlite *database) { return sqlite3_extended_errcode(of(database)); }
int mlt_sqlite_system_error(mlt_sqlite *database) { return database == NULL ? 0 : sqlite3_system_errno(of(database)); }
void mlt_sqlite_busy_timeout(mlt_sqlite *database, int milliseconds) { sqlite3_busy_timeout(of(database), milliseconds); }
int mlt_sqlite_in_transaction(mlt_sqlite *database) { return !sqlite3_get_autocommit(of(database)); }
int mlt_sqlite_changes(mlt_sqlite *database) { return sqlite3_changes(of(database)); }
int64_t mlt_sqlite_last_row(mlt_sqlite *database) { return sqlite3_last_insert_rowid(of(database)); }

int mlt_sqlite_prepare(mlt_sqlite *database, const char *sql, size_t size, mlt_sqlite_statement **statement, size_t *used) {
    sqlite3_stmt *made = NULL;
    const char *rest = sql;
    int result = sqlite3_prepare_v3(of(database), sql, (int)size, SQLITE_PREPARE_PERSISTENT, &made, &rest);
    *statement = (mlt_sqlite_statement *)made;
    *used = rest == NULL ? size : (size_t)(rest - sql);
    return result & 0xFF;
}

void mlt_sqlite_finish(mlt_sqlite_statement *statement) { sqlite3_finalize(as(statement)); }
int mlt_sqlite_step(mlt_sqlite_statement *statement) { return sqlite3_step(as(statement)) & 0xFF; }

void mlt_sqlite_reset(mlt_sqlite_statement *statement) {
    sqlite3_reset(as(statement));
    sqlite3_clear_bindings(as(statement));
}

int mlt_sqlite_parameter_count(mlt_sqlite_statement *statement) { return sqlite3_bind_parameter_count(as(statement)); }

int mlt_sqlite_bind_null(mlt_sqlite_statement *statement, int place) { return sqlite3_bind_null(as(statement), place) & 0xFF; }

int mlt_sqlite_bind_integer(mlt_sqlite_statement *statement, int place, int64_t value) {
    return sqlite3_bind_int64(as(statement), place, value) & 0xFF;
}

int mlt_sqlite_bind_double(mlt_sqlite_statement *statement, int place, double value) {
    return sqlite3_bind_double(as(statement), place, value) & 0xFF;
}

int mlt_sqlite_bind_text(mlt_sqlite_statement *statement, int place, const char *bytes, size_t size) {
    return sqlite3_bind_text64(as(statement), place, bytes, size, SQLITE_TRANSIENT, SQLITE_UTF8) & 0xFF;
}

int mlt_sqlite_bind_blob(mlt_sqlite_statement *statement, int place, const void *bytes, size_t size) {
    // A NULL would be bound for no bytes at all.
    if (size == 0) return sqlite3_bind_zeroblob(as(statement), place, 0) & 0xFF;
    return sqlite3_bind_blob64(as(statement), place, bytes, size, SQLITE_TRANSIENT) & 0xFF;
}

int mlt_sqlite_column_count(mlt_sqlite_statement *statement) { return sqlite3_column_count(as(statement)); }
int mlt_sqlite_column_kind(mlt_sqlite_statement *statement, int column) { return sqlite3_column_type(as(statement), column); }
int64_t mlt_sqlite_column_integer(mlt_sqlite_statement *statement, int column) { return sqlite3_column_int64(as(statement), column); }
double mlt_sqlite_column_double(mlt_sqlite_statement *statement, int column) { return sqlite3_column_double(as(statement), column); }

const void *mlt_sqlite_column_bytes(mlt_sqlite_statement *statement, int column, size_t *size) {
    const void *bytes = sqlite3_column_type(as(statement), column) == SQLITE_TEXT ? (const void *)sqlite3_column_text(as(statement), column)
                                                                                    : sqlite3_column_blob(as(statement), column);
    *size = (size_t)sqlite3_column_bytes(as(statement), column);
    return bytes;
}
