import Glibc
import Primitives
import TestSupport
import Testing

@testable import ManagerHosting

@Suite struct KeyFolderTests {
    @Test func `keys of a manager that was killed are taken away, and nothing else`() throws {
        let folder = ScratchFolder()
        let left = "\(folder.path)/0123456789abcdef-77"
        try Files.makeDirectory(left)
        for name in ["tls.crt", "tls.key", "ca.crt", "tls.key.new"] { try Files.write([0x61], to: "\(left)/\(name)") }
        try Files.write([], to: "\(folder.path)/lock")
        GRPCDialer.clear(folder.path)
        #expect(Files.names(in: folder.path) == ["lock"])
        GRPCDialer.clear("\(folder.path)/nowhere")
    }
}
