#define _GNU_SOURCE
#include "SystemShim.h"
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/syscall.h>
#include <unistd.h>

static void report_and_leave(int pipe_end) {
    int error = errno;
    ssize_t ignored = write(pipe_end, &error, sizeof error);
    (void)ignored;
    _exit(127);
}

// Runs between fork and exec, so it may call async-signal-safe functions only.
static void become(const mlt_spawn_request *request, pid_t parent, int pipe_end) {
    setpgid(0, 0);
    if (request->death_signal != 0) {
        prctl(PR_SET_PDEATHSIG, request->death_signal);
        if (getppid() != parent) _exit(127);  // the parent ended before prctl
    }
    for (int number = 1; number < NSIG; number++) signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);

    int null = open("/dev/null", O_RDONLY);
    if (null < 0 || dup2(null, 0) < 0) report_and_leave(pipe_end);
    // Lifted above stderr first: either may be 1 or 2 itself, and would be gone once the other has taken its place.
    int output = fcntl(request->output, F_DUPFD_CLOEXEC, 3);
    int errors = fcntl(request->errors, F_DUPFD_CLOEXEC, 3);
    if (output < 0 || errors < 0 || dup2(output, 1) < 0 || dup2(errors, 2) < 0) report_and_leave(pipe_end);
    // The pipe closes by itself on exec; everything else past stderr goes now.
    if (pipe_end > 3) close_range(3, (unsigned)pipe_end - 1, 0);
    close_range((unsigned)pipe_end + 1, ~0u, 0);
    if (request->directory != NULL && chdir(request->directory) != 0) report_and_leave(pipe_end);
    execve(request->path, request->arguments, request->environment);
    report_and_leave(pipe_end);
}

pid_t mlt_spawn(const mlt_spawn_request *request) {
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) != 0) return -errno;
    pid_t parent = getpid();
    pid_t child = fork();
    if (child < 0) {
        int error = errno;
        close(ends[0]);
        close(ends[1]);
        return -error;
    }
    if (child == 0) {
        become(request, parent, ends[1]);
    }
    close(ends[1]);
    int error = 0;
    ssize_t count;
    do {
        count = read(ends[0], &error, sizeof error);
    } while (count < 0 && errno == EINTR);
    close(ends[0]);
    if (count != (ssize_t)sizeof error) return child;
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {
    }
    return -error;
}

int mlt_pidfd_open(pid_t process) {
    long descriptor = syscall(SYS_pidfd_open, process, 0);
    return descriptor < 0 ? -errno : (int)descriptor;
}

void mlt_heap_setup(void) {
    mallopt(M_ARENA_MAX, 2);
    mallopt(M_MMAP_THRESHOLD, 256 * 1024);
    mallopt(M_TRIM_THRESHOLD, 1024 * 1024);
}

void mlt_heap_trim(void) { malloc_trim(0); }

int mlt_open_read(const char *path) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    return descriptor < 0 ? -errno : descriptor;
}

int mlt_memory_file(const char *name) {
    int descriptor = memfd_create(name, MFD_CLOEXEC);
    return descriptor < 0 ? -errno : descriptor;
}

int mlt_open_regular(const char *path) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat status;
    if (descriptor < 0 && errno == EWOULDBLOCK && stat(path, &status) == 0 && S_ISREG(status.st_mode)) {
        // Somebody holds a lease on the file, as a file server does: it is waited for.
        descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    }
    if (descriptor < 0) return -errno;
    int error = fstat(descriptor, &status) != 0 ? errno : S_ISREG(status.st_mode) ? 0 : S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
    if (error == 0) return descriptor;
    close(descriptor);
    return -error;
}

int mlt_open_write(const char *path, mode_t mode, int append) {
    int descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (append ? O_APPEND : O_TRUNC), mode);
    return descriptor < 0 ? -errno : descriptor;
}

int mlt_pipe(int ends[2]) { return pipe2(ends, O_CLOEXEC) == 0 ? 0 : -errno; }

int mlt_adopt(int descriptor) {
    int flags = fcntl(descriptor, F_GETFL);
    if (flags < 0 || fcntl(descriptor, F_SETFL, flags | O_NONBLOCK) < 0 || fcntl(descriptor, F_SETFD, FD_CLOEXEC) < 0) return -errno;
    return 0;
}

const char *mlt_error_text(int code) { return strerrordesc_np(code); }

void mlt_name_thread(const char *name) { pthread_setname_np(pthread_self(), name); }

void mlt_restrain(unsigned long long kept) {
    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    // Only who may do so can give up what a program of root would get again.
    for (unsigned number = 0; number <= 63; number++) {
        if (!(kept >> number & 1)) prctl(PR_CAPBSET_DROP, number, 0, 0, 0);
    }
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2];
    if (syscall(SYS_capget, &header, data) != 0) return;
    for (int half = 0; half < 2; half++) {
        data[half].permitted &= (unsigned)(kept >> (32 * half));
        data[half].effective = data[half].permitted;
        data[half].inheritable = 0;
    }
    syscall(SYS_capset, &header, data);
}

int mlt_turnstile(void) { return eventfd(0, EFD_CLOEXEC | EFD_SEMAPHORE); }

int mlt_contains(const void *bytes, size_t size, const void *wanted, size_t wanted_size) {
    return memmem(bytes, size, wanted, wanted_size) != NULL;
}
