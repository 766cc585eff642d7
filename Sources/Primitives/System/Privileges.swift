import SystemShim

/// What this process may do beyond its user.
package enum Privileges {
    /// Gives up all capabilities but these (numbers of the kernel), for good and for whatever is started from now on. To be called before
    /// there are threads.
    package static func restrain(keeping capabilities: [Int]) {
        mlt_restrain(capabilities.reduce(0) { $0 | 1 << UInt64($1 & 63) })
    }
}
