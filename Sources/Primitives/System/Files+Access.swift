import Glibc

/// Who gets to what lies in a folder. The folder decides: a file in it may then be readable for all, as whoever mounts that one file into a
/// container needs, whose user nobody knows here, without that anybody else of this machine reads it.
extension Files {
    /// Whether a user who neither owns the folder nor is in its group gets in: every folder on the way there has to let him through.
    package static func isOpenToOthers(_ folder: String) -> Bool {
        var way = ""
        var status = stat()
        guard stat("/", &status) == 0, status.st_mode & S_IXOTH != 0 else { return false }
        for part in absolute(folder).split(separator: "/", omittingEmptySubsequences: true) {
            way += "/" + part
            guard stat(way, &status) == 0, status.st_mode & S_IXOTH != 0 else { return false }
        }
        return true
    }

    /// Makes the folder for its owner and group, or takes from one that is there what all others may. The group of one that is there stays, and
    /// with it whom a person let in. Errors name the folder.
    package static func makeClosedDirectory(_ path: String) throws(Failure) {
        try makeDirectory(path, mode: 0o750)
        var status = stat()
        guard stat(path, &status) == 0 else { throw Failure(.environment, "cannot read directory \(path): \(systemMessage(errno))") }
        guard status.st_mode & S_IRWXO != 0 else { return }
        guard chmod(path, status.st_mode & 0o7770) == 0 else {
            throw Failure(.environment, "cannot close \(path) to other users, who would read a secret there: \(systemMessage(errno))")
        }
    }
}
