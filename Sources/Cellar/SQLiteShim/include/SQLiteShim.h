// Fixed-arity doors to SQLite: its settings are variadic, and its texts are copied by a macro.
#pragma once
#include <stddef.h>
#include <stdint.h>

typedef struct mlt_sqlite mlt_sqlite;
typedef struct mlt_sqlite_statement mlt_sqlite_statement;

/// Primary result codes, as SQLite numbers them.
enum {
    mlt_sqlite_ok = 0,
    mlt_sqlite_permission = 3,
    mlt_sqlite_busy = 5,
    mlt_sqlite_locked = 6,
    mlt_sqlite_no_memory = 7,
    mlt_sqlite_read_only = 8,
    mlt_sqlite_io = 10,
    mlt_sqlite_corrupt = 11,
    mlt_sqlite_full = 13,
    mlt_sqlite_cannot_open = 14,
    mlt_sqlite_too_big = 18,
    mlt_sqlite_constraint = 19,
    mlt_sqlite_not_a_database = 26,
    mlt_sqlite_row = 100,
    mlt_sqlite_done = 101,
};

enum { mlt_sqlite_integer = 1, mlt_sqlite_float = 2, mlt_sqlite_text = 3, mlt_sqlite_blob = 4, mlt_sqlite_null = 5 };

/// Opens a file that is there, for this one thread, with the library made wary of what is in it: triggers and views of the file may call no
/// function that acts, the file's tables of the library are closed to writing, and limits hold. On failure `*database` may be NULL or not; close it.
int mlt_sqlite_open(const char *path, mlt_sqlite **database);
/// With NULL nothing happens. Statements must be finished.
void mlt_sqlite_close(mlt_sqlite *database);
/// What the last failure was, for a person.
const char *mlt_sqlite_message(mlt_sqlite *database);
/// The last failure, with what SQLite knows more exactly than by the primary code.
int mlt_sqlite_extended_code(mlt_sqlite *database);
/// What the system said when the last call on a file failed; 0 when nothing.
int mlt_sqlite_system_error(mlt_sqlite *database);
void mlt_sqlite_busy_timeout(mlt_sqlite *database, int milliseconds);
/// Whether a transaction is open.
int mlt_sqlite_in_transaction(mlt_sqlite *database);
int mlt_sqlite_changes(mlt_sqlite *database);
int64_t mlt_sqlite_last_row(mlt_sqlite *database);

/// Compiles the first statement of the text; `*used` bytes of it were that. `*statement` is NULL for white space and comments.
int mlt_sqlite_prepare(mlt_sqlite *database, const char *sql, size_t size, mlt_sqlite_statement **statement, size_t *used);
void mlt_sqlite_finish(mlt_sqlite_statement *statement);
/// mlt_sqlite_row, mlt_sqlite_done, or a failure.
int mlt_sqlite_step(mlt_sqlite_statement *statement);
/// Ready for another run, without values.
void mlt_sqlite_reset(mlt_sqlite_statement *statement);
int mlt_sqlite_parameter_count(mlt_sqlite_statement *statement);

/// Places count from 1. Texts and blobs are copied.
int mlt_sqlite_bind_null(mlt_sqlite_statement *statement, int place);
int mlt_sqlite_bind_integer(mlt_sqlite_statement *statement, int place, int64_t value);
int mlt_sqlite_bind_double(mlt_sqlite_statement *statement, int place, double value);
int mlt_sqlite_bind_text(mlt_sqlite_statement *statement, int place, const char *bytes, size_t size);
int mlt_sqlite_bind_blob(mlt_sqlite_statement *statement, int place, const void *bytes, size_t size);

/// Columns count from 0; bytes live until the next step.
int mlt_sqlite_column_count(mlt_sqlite_statement *statement);
int mlt_sqlite_column_kind(mlt_sqlite_statement *statement, int column);
int64_t mlt_sqlite_column_integer(mlt_sqlite_statement *statement, int column);
double mlt_sqlite_column_double(mlt_sqlite_statement *statement, int column);
const void *mlt_sqlite_column_bytes(mlt_sqlite_statement *statement, int column, size_t *size);
