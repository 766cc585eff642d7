import Glibc
import Primitives
import Testing

@Suite("Folders that are closed to others")
struct FilesAccessTests {
    private let folder: TemporaryFolder

    init() throws { folder = try TemporaryFolder() }

    private func path(_ name: String) -> String { "\(folder.path)/\(name)" }

    private func mode(_ path: String) -> UInt32? {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o7777 : nil
    }

    static let modes: [(before: UInt32, after: UInt32)] = [
        (0o755, 0o750), (0o777, 0o770), (0o711, 0o710), (0o705, 0o700), (0o750, 0o750), (0o700, 0o700), (0o2750, 0o2750),
    ]

    @Test("Others lose what they may, owner and group keep it", arguments: modes)
    func closes(_ row: (before: UInt32, after: UInt32)) throws {
        #expect(mkdir(path("here"), 0o700) == 0 && chmod(path("here"), row.before) == 0)
        try Files.makeClosedDirectory(path("here"))
        #expect(mode(path("here")) == row.after)
    }

    @Test("One that is missing is made closed, and one that cannot be made is named")
    func makes() throws {
        try Files.makeClosedDirectory(path("new"))
        #expect(mode(path("new")).map { $0 & 0o007 } == 0)
        try Files.write([0x61], to: path("file"))
        #expect((try? Files.makeClosedDirectory(path("file"))) == nil)
    }

    @Test("A folder for keys is nobody's else, and nobody else writes to it")
    func own() throws {
        try Files.makeOwnDirectory(path("new/deeper"))
        #expect(mode(path("new/deeper")) == 0o750)
        #expect(mkdir(path("here"), 0o700) == 0)
        for (before, after) in [(0o755, 0o750), (0o700, 0o700), (0o711, 0o710)] as [(mode_t, mode_t)] {
            #expect(chmod(path("here"), before) == 0)
            try Files.makeOwnDirectory(path("here"))
            #expect(mode(path("here")) == after)
        }
        for mode in [0o770, 0o757, 0o2770] as [mode_t] {
            #expect(chmod(path("here"), mode) == 0)
            #expect((try? Files.makeOwnDirectory(path("here"))) == nil)
            #expect(self.mode(path("here")) == mode)
        }
        guard geteuid() == 0 else { return }
        #expect(chmod(path("here"), 0o700) == 0 && chown(path("here"), 65_534, 0) == 0)
        #expect((try? Files.makeOwnDirectory(path("here"))) == nil)
        // A link is his who made it.
        #expect(chown(path("here"), 0, 0) == 0 && symlink(path("here"), path("link")) == 0 && lchown(path("link"), 65_534, 0) == 0)
        #expect((try? Files.makeOwnDirectory(path("link"))) == nil)
    }

    @Test("Each folder on the way can close it, and what is not there is not open")
    func way() throws {
        #expect(Files.isOpenToOthers("/") && Files.isOpenToOthers("/usr/") && Files.isOpenToOthers("/usr/bin"))
        #expect(!Files.isOpenToOthers("/usr/nowhere"))
        try Files.makeDirectory(path("way/deeper"))
        for name in ["way", "way/deeper"] {
            #expect(chmod(folder.path, 0o755) == 0 && chmod(path("way"), 0o755) == 0 && chmod(path("way/deeper"), 0o755) == 0)
            let isOpen = Files.isOpenToOthers(folder.path)
            #expect(Files.isOpenToOthers(path("way/deeper")) == isOpen)
            #expect(chmod(path(name), 0o750) == 0)
            #expect(!Files.isOpenToOthers(path("way/deeper")))
        }
    }
}
