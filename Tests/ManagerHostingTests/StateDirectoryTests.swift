import Glibc
import Primitives
import TestSupport
import Testing

@testable import ManagerHosting

@Suite struct StateDirectoryTests {
    private let folder = ScratchFolder()
    private var path: String { "\(folder.path)/state" }

    private func refusal(database: String? = nil) -> String? {
        do {
            try ManagerHost.makeReady(path, database: database)
            return nil
        } catch { return error.message }
    }

    @Test func `with objects in it, it is nobody's else`() throws {
        let database = "\(path)/objects.db"
        #expect(refusal(database: database) == nil)
        #expect(chmod(path, 0o770) == 0)
        #expect(refusal(database: database)?.contains("can be written to by others") == true)
        guard geteuid() == 0 else { return }
        #expect(chmod(path, 0o700) == 0)
        for (name, owned) in [("", path), ("objects.db-wal", "\(database)-wal")] {
            if !name.isEmpty { try Files.write([], to: owned) }
            #expect(chown(owned, 65_534, 65_534) == 0)
            #expect(refusal(database: database)?.hasPrefix("\(owned) belongs to user 65534") == true)
            #expect(chown(owned, 0, 0) == 0)
        }
    }

    /// kubelet gives a pod a volume that is root's and open to all, which the pod's user cannot close.
    @Test func `without objects in it, it may be a pod's volume`() {
        #expect(mkdir(path, 0o700) == 0 && chmod(path, 0o2777) == 0)
        #expect(refusal() == nil)
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_mode & 0o7777 == 0o2777)
    }
}
