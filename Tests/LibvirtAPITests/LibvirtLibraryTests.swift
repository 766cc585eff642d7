import Primitives
import Testing

@testable import LibvirtAPI

/// The library that there is, and those that there are not.
struct LibvirtLibraryTests {
    private func failure(_ path: String) -> Failure? {
        do throws(Failure) {
            _ = try LibvirtLibrary.load(path: path)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: ["libvirt-none.so.0", "/nowhere/libvirt.so.0"])
    func `without a library one is told what to install`(path: String) {
        #expect(failure(path)?.code == .unavailable)
        #expect(failure(path)?.message == "there is no \(path) here: install libvirt's client library (Debian: apt install libvirt0)")
    }

    @Test func `another library is not taken for libvirt`() {
        #expect(failure("libm.so.6")?.code == .environment)
        #expect(failure("libm.so.6")?.message == "libvirt's library cannot be used: libm.so.6 is not libvirt, or is older than 0.9")
        #expect(failure("/etc/passwd")?.code == .environment)
    }

    @Test(arguments: ["libvirt-none.so.0", "libm.so.6"])
    func `what is in the way of one can be asked before`(path: String) {
        #expect(LibvirtLibrary.obstacle(path: path)?.message == failure(path)?.message)
    }

    @Test(.whereLibvirtIs) func `nothing is in the way of the one that there is`() {
        #expect(LibvirtLibrary.obstacle() == nil)
    }

    @Test(.whereLibvirtIs) func `it is loaded once and knows its calls`() throws {
        let library = try LibvirtLibrary.load()
        #expect(try LibvirtLibrary.load() === library)
        #expect(library.version >= 5_000_000)
        #expect(library.has("virConnectOpenAuth"))
        #expect(library.has("virDomainListGetStats"))
        #expect(!library.has("virSomething"))
    }
}
