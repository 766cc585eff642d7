import Primitives
import Testing

@testable import LibvirtAPI

/// libvirt's library, where there is one.
enum LibvirtHere {
    static let library: LibvirtLibrary? = {
        do throws(Failure) {
            return try LibvirtLibrary.load()
        } catch {
            print("libvirt is not tested here: \(error.message)")
            return nil
        }
    }()

    /// libvirt's own test driver: a hypervisor in this process, another for each connection, with one running domain, `test`.
    static let uri = "test://\(#filePath.dropLast("LibvirtHere.swift".count))Fixtures/node.xml"

    static func testDriver() throws -> LibvirtConnection { try LibvirtConnection.open(uri, library: #require(library)) }
}

extension Trait where Self == ConditionTrait {
    /// Only where libvirt's library is installed.
    static var whereLibvirtIs: Self { .enabled(if: LibvirtHere.library != nil, "libvirt.so.0 is not installed") }
}
