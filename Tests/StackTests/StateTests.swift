import Glibc
import Primitives
import Testing

@testable import Stack

@Suite struct StateTests {
    @Test func aFreshDirectoryGetsOurVersion() throws {
        let folder = try TemporaryDirectory()
        for name in ["lock", ".keep"] { try folder.write("", to: name) }
        try StateFormat().adopt(StatePaths(root: folder.path))
        #expect(folder.lines(of: "version") == ["1"])
        try StateFormat().adopt(StatePaths(root: folder.path))
    }

    @Test func aNewerVersionIsRefused() throws {
        let folder = try TemporaryDirectory()
        try folder.write("2\n", to: "version")
        #expect(
            failure { try StateFormat().adopt(StatePaths(root: folder.path)) }
                == "\(folder.path) was written by a newer martlet (format 2, this one knows up to 1); "
                + "use that one or choose another --state-dir")
        #expect(folder.lines(of: "version") == ["2"])
    }

    @Test func anOlderVersionIsMigratedStepByStep() throws {
        let folder = try TemporaryDirectory()
        try folder.write("1\n", to: "version")
        let steps: [Int: (StatePaths) throws(Failure) -> Void] = [
            1: { (paths) throws(Failure) in try Files.write([0x61], to: paths.path("a")) },
            2: { (paths) throws(Failure) in try Files.write(try Files.read(paths.path("a")) + [0x62], to: paths.path("a")) },
        ]
        try StateFormat(version: 3, steps: steps).adopt(StatePaths(root: folder.path))
        #expect(folder.lines(of: "a") == ["ab"])
        #expect(folder.lines(of: "version") == ["3"])
    }

    @Test func aVersionWithoutAWayOnIsRefused() throws {
        let folder = try TemporaryDirectory()
        try folder.write("0\n", to: "version")
        #expect(
            failure { try StateFormat().adopt(StatePaths(root: folder.path)) }
                == "\(folder.path) has format 0, from which there is no way to format 1")
    }

    @Test func aVersionThatIsNoneIsRefused() throws {
        let folder = try TemporaryDirectory()
        try folder.write("one\n", to: "version")
        #expect(
            failure { try StateFormat().adopt(StatePaths(root: folder.path)) }
                == "\(folder.file("version")) holds \"one\", which is no version")
    }

    @Test func aFolderOfSomethingElseIsLeftAlone() throws {
        let folder = try TemporaryDirectory()
        try folder.write("", to: "prometheus.txt")
        #expect(
            failure { try StateFormat().adopt(StatePaths(root: folder.path)) }
                == "\(folder.path) is not a state directory of martlet, it holds prometheus.txt and no file named version; "
                + "choose an empty or new --state-dir")
    }

    @Test func aSecondHolderIsToldWhoHasTheDirectory() throws {
        let folder = try TemporaryDirectory()
        let paths = StatePaths(root: folder.path)
        var lock: StateLock? = try StateLock(paths)
        #expect(
            failure { _ = try StateLock(paths) }
                == "\(folder.path) is in use by another martlet, process \(getpid()); stop that one or choose another --state-dir")
        withExtendedLifetime(lock) {}
        lock = nil
        _ = try StateLock(paths)
    }

    @Test func whatAnEarlierRunWroteGoesAndWhatAPersonWroteStays() throws {
        let folder = try TemporaryDirectory()
        let writer = StateWriter(paths: StatePaths(root: folder.path))
        try writer.write([("a/one.yml", "1"), ("a/two.yml", "2")])
        try folder.write("mine", to: "a/mine.yml")
        try writer.write([("a/two.yml", "new"), ("three", "3")])
        #expect(try Directory.names(folder.file("a")).sorted() == ["mine.yml", "two.yml"])
        #expect(folder.lines(of: "a/two.yml") == ["new"])
        var status = stat()
        #expect(stat(folder.file("three"), &status) == 0 && status.st_mode & 0o777 == 0o600)
    }

    @Test func aListOfFilesThatWasTamperedWithRemovesNothingOutside() throws {
        let folder = try TemporaryDirectory()
        try folder.write("x", to: "outside")
        try Files.makeDirectory(folder.file("state"))
        try folder.write("../outside\n\(folder.file("outside"))\n", to: "state/written")
        try StateWriter(paths: StatePaths(root: folder.file("state"))).write([("a", "1")])
        #expect(folder.lines(of: "outside") == ["x"])
    }

    @Test func aLargeLogIsPutAsideAtTheStart() throws {
        let folder = try TemporaryDirectory()
        let path = folder.file("x.log")
        func start(_ text: String) throws {
            let descriptor = try LogFile.open(path)
            defer { close(descriptor) }
            Files.writeAll(Array(text.utf8), to: descriptor)
        }
        try start("a\n")
        try start("b\n")
        #expect(folder.lines(of: "x.log") == ["a", "b"])
        #expect(truncate(path, off_t(LogFile.limitBytes + 1)) == 0)
        try start("c\n")
        #expect(folder.lines(of: "x.log") == ["c"])
        #expect(Files.exists("\(path).1"))
    }
}
