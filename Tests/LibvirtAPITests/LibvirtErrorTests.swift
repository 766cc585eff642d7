import Testing

@testable import LibvirtAPI

/// What libvirt's numbers mean to who called.
struct LibvirtErrorTests {
    @Test(arguments: [
        (1, 10, 0, "internal error: guest unexpectedly quit", LibvirtError.Kind.failed),
        (1, 7, 0, "internal error: client socket is closed", .unreachable),
        (38, 7, 5, "End of file while reading data: Input/output error", .unreachable),
        (38, 18, 28, "cannot fill file '/p/a': No space left on device", .noSpace),
        (38, 18, 13, "cannot open file '/p/a': Permission denied", .failed),
        (1, 18, 0, "internal error: Child process (qemu-img) unexpected exit status 1: error: No space left on device", .noSpace),
        (42, 10, 0, "Domain not found", .noDomain), (49, 18, 0, "Storage pool not found", .noStoragePool),
        (50, 18, 0, "Storage volume not found", .noStorageVolume), (43, 19, 0, "Network not found", .noNetwork),
        (72, 35, 0, "Domain snapshot not found", .noSnapshot), (90, 18, 0, "volume exists already", .alreadyExists),
        (68, 10, 0, "Timed out during operation: cannot acquire state change lock", .lockTimeout),
        (55, 10, 0, "Requested operation is not valid: domain is not running", .invalidState),
        (45, 7, 0, "authentication failed", .authenticationFailed),
        (79, 7, 0, "authentication cancelled", .authenticationFailed),
        (29, 6, 0, "read only access prevents virDomainCreate", .accessDenied),
        (88, 55, 0, "access denied", .accessDenied), (3, 12, 0, "this function is not supported", .notSupported),
        (67, 10, 0, "unsupported configuration", .notSupported), (84, 10, 0, "Operation not supported", .notSupported),
        (86, 10, 0, "Guest agent is not responding", .agentUnresponsive), (78, 10, 0, "operation aborted", .aborted),
        (27, 20, 0, "XML error: unexpected domain type", .invalidArgument), (8, 10, 0, "invalid argument", .invalidArgument),
        (0, 0, 0, "libvirt gave no reason", .failed), (9999, 10, 0, "younger than us", .failed),
    ])
    func `kinds`(code: Int, domain: Int, number: Int, message: String, kind: LibvirtError.Kind) {
        #expect(LibvirtError.kind(code: code, domain: domain, number: number, message) == kind)
    }
}
