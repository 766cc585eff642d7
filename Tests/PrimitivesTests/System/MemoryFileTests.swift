import Glibc
import Primitives
import Testing

@Suite struct MemoryFileTests {
    @Test func `bytes are read by a path from their start, each time, until nobody holds them`() throws {
        let bytes = [UInt8](repeating: 7, count: 100_000)
        var file: MemoryFile? = try MemoryFile("test", bytes)
        let path = try #require(file?.path)
        #expect(try Files.read(path) == bytes)
        #expect(try Files.read(path) == bytes)
        var status = stat()
        #expect(stat(path, &status) == 0 && status.st_nlink == 0)
        file = nil
        // Its number may be another file's by now.
        #expect((try? Files.read(path, limitBytes: 100_000)) != bytes)
    }
}
