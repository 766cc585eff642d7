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

    /// Makes a folder for keys and what is believed without asking, or closes one that is there to all others.
    ///
    /// Errors: a folder of another user than this one or root, or one that its group or everybody may write to: what lies in it may be theirs.
    package static func makeOwnDirectory(_ path: String) throws(Failure) {
        try makeDirectory(path, mode: 0o750)
        try checkOwner(path, "name a folder of this user's own, or give it to him with its files once you have looked through them")
        var status = stat()
        guard stat(path, &status) == 0 else { throw Failure(.environment, "cannot read directory \(path): \(systemMessage(errno))") }
        guard status.st_mode & (S_IWGRP | S_IWOTH) == 0 else {
            throw Failure(
                .environment,
                "\(path) can be written to by others (mode \(String(status.st_mode & 0o777, radix: 8))), and what is in it may be theirs: look through it and chmod 750, or name a new folder within it"
            )
        }
        try makeClosedDirectory(path)
    }

    /// Errors: a file or folder that is there and belongs to neither this user nor root; its message ends with what to do.
    package static func checkOwner(_ path: String, _ remedy: String) throws(Failure) {
        var status = stat()
        // That of a link, too: whoever made it can turn it elsewhere.
        for look in [lstat, stat] {
            guard look(path, &status) == 0 else {
                guard errno == ENOENT else { throw Failure(.environment, "cannot read \(path): \(systemMessage(errno))") }
                return
            }
            guard status.st_uid == geteuid() || status.st_uid == 0 else {
                throw Failure(
                    .environment,
                    "\(path) belongs to user \(status.st_uid), and this is user \(geteuid()): \(remedy)")
            }
        }
    }

    /// Errors: a file that is there and that another user than this one or root may have written.
    package static func checkOwnFile(_ path: String) throws(Failure) {
        let remedy = "others may know what is in it; delete it, and a new one is made"
        try checkOwner(path, remedy)
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & (S_IWGRP | S_IWOTH) != 0 else { return }
        throw Failure(.environment, "\(path) can be written to by others (mode \(String(status.st_mode & 0o777, radix: 8))): \(remedy)")
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
