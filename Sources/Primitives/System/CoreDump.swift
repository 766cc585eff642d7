import Glibc

/// What the kernel writes of a process that crashes.
package enum CoreDump {
    /// Lets it write nothing: our memory holds credentials.
    package static func forbid() {
        var limit = rlimit(rlim_cur: 0, rlim_max: 0)
        setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &limit)
    }
}
