// Doors to what Linux offers only through C variadics or through fork.
#pragma once
#include <sys/types.h>

/// What a child process is started with. All strings are borrowed for the call.
typedef struct mlt_spawn_request {
    const char *path;            ///< the program, an absolute path
    char *const *arguments;      ///< NULL-terminated, the name first
    char *const *environment;    ///< NULL-terminated KEY=VALUE
    const char *directory;       ///< working directory, or NULL to keep ours
    int output;                  ///< descriptor for its stdout
    int errors;                  ///< descriptor for its stderr
    int death_signal;            ///< sent to it when the calling *thread* ends; 0 for none
} mlt_spawn_request;

/// Starts a child in its own process group, with default signals and no inherited descriptor past 2.
/// Returns its process id, or -errno of what failed (exec's too).
pid_t mlt_spawn(const mlt_spawn_request *request);

/// A close-on-exec descriptor that becomes readable when the process ends (Linux 5.3). Returns it or -errno.
int mlt_pidfd_open(pid_t process);

/// Keeps the C heap compact in a process of a few threads: two arenas, large blocks given back at once.
void mlt_heap_setup(void);

/// Gives free pages of the C heap back to the kernel.
void mlt_heap_trim(void);

/// open(2) for reading, close-on-exec. Returns the descriptor or -errno.
int mlt_open_read(const char *path);

// The same of a regular file only: a pipe is never waited for and a device never started. EINVAL for what is neither that nor a folder.
int mlt_open_regular(const char *path);

/// memfd_create(2), close-on-exec: an empty file in memory. Returns the descriptor or -errno.
int mlt_memory_file(const char *name);

/// open(2) for writing, created with `mode`, truncated unless `append`, close-on-exec. Returns the descriptor or -errno.
int mlt_open_write(const char *path, mode_t mode, int append);

/// A pipe, both ends close-on-exec, the first to read from. Returns 0 or -errno.
int mlt_pipe(int ends[2]);

/// What the C library says of an errno, static text; NULL for an unknown one.
const char *mlt_error_text(int code);

/// Names the calling thread, as `top -H` shows it; 15 bytes at most.
void mlt_name_thread(const char *name);

/// Makes an inherited descriptor one that children do not get and that never blocks. Returns 0 or -errno.
int mlt_adopt(int descriptor);

/// Gives up all capabilities of the calling thread but those of `kept` (a bit each), and that programs which it starts get more.
void mlt_restrain(unsigned long long kept);

/// eventfd(2) as a semaphore: each read of eight bytes takes one of what was written, and waits for it. -1 with errno on failure.
int mlt_turnstile(void);

/// memmem(3): whether the second run of bytes stands in the first.
int mlt_contains(const void *bytes, size_t size, const void *wanted, size_t wanted_size);
