import Glibc

/// What a thread does that hangs until a test lets it go.
enum ThreadPause {
    static func run() { usleep(2_000) }
}
