import Primitives
import Testing

@testable import XML

/// Elements of a document and their places: what is read is what was written.
struct XMLReaderTests {
    private func read(_ text: String, limits: XMLLimits = XMLLimits()) throws(Failure) -> XMLElement {
        try XMLReader.read(text, source: "test", limits: limits)
    }

    private func complaint(_ text: String, limits: XMLLimits = XMLLimits()) -> Failure? {
        do throws(Failure) {
            _ = try read(text, limits: limits)
            return nil
        } catch {
            return error
        }
    }

    @Test func `names, attributes, text and paths`() throws {
        let root = try read(
            """
            <?xml version="1.0"?>
            <domain type='kvm' id="3"><name> web1 </name><devices><disk type='file'><source file='/a &amp; b'/></disk><!-- none -->
            <disk type='block'><source dev='/dev/x'/></disk></devices><title><![CDATA[<a>]]> &#x263A;</title></domain>
            """)
        #expect(root.name == "domain")
        #expect(root["type"] == "kvm")
        #expect(root["id"] == "3")
        #expect(root["other"] == nil)
        #expect(root.text(at: "name") == "web1")
        #expect(root.child("name")?.text == " web1 ")
        #expect(root.all("devices/disk").map { $0["type"] } == ["file", "block"])
        #expect(root.first("devices/disk/source")?["file"] == "/a & b")
        #expect(root.all("devices/disk/source").count == 2)
        #expect(root.text(at: "title") == "<a> ☺")
        #expect(root.first("devices/none/source") == nil)
        #expect(root.text(at: "devices") == nil)
    }

    @Test func `namespaces count, prefixes do not`() throws {
        let root = try read(
            """
            <domain xmlns:qemu='urn:q'><metadata><m:vm xmlns:m='urn:ours'><m:owner>a</m:owner></m:vm><vm/></metadata>
            <qemu:commandline/><inner xmlns='urn:d'><leaf/><bare xmlns=''><leaf/></bare></inner></domain>
            """)
        #expect(root.namespace == nil)
        let vm = try #require(root.child("metadata")?.child("vm", namespace: "urn:ours"))
        #expect(vm.name == "m:vm")
        #expect(vm.localName == "vm")
        #expect(vm.child("owner", namespace: "urn:ours")?.text == "a")
        #expect(root.child("qemu:commandline")?.namespace == "urn:q")
        #expect(root.first("inner/leaf")?.namespace == "urn:d")
        #expect(root.first("inner/bare/leaf")?.namespace == nil)
    }

    @Test(arguments: [
        ("", "test:1:1: not XML: no element found"),
        ("<a>", "test:1:4: not XML: no element found"),
        ("<a>\n  <b></a>", "test:2:8: not XML: mismatched tag"),
        ("<a b='1' b='2'/>", "test:1:10: not XML: duplicate attribute"),
        ("<a/><b/>", "test:1:5: not XML: junk after document element"),
        ("<a>&undeclared;</a>", "test:1:4: not XML: undefined entity"),
        ("<a>\u{1}</a>", "test:1:4: not XML: not well-formed (invalid token)"),
    ])
    func `what is malformed is told with its place`(text: String, message: String) {
        let failure = complaint(text)
        #expect(failure?.message == message)
        #expect(failure?.code == .malformed)
    }

    @Test(arguments: [
        "<!DOCTYPE a><a/>", "<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>",
        "<!DOCTYPE a [<!ENTITY x 'y'><!ENTITY z '&x;&x;&x;'>]><a>&z;</a>", "<!DOCTYPE a [<!ENTITY % p SYSTEM 'http://localhost/'>%p;]><a/>",
    ])
    func `a DOCTYPE is refused before anything of it is used`(text: String) {
        #expect(complaint(text)?.message.contains("DOCTYPE") == true)
    }

    @Test func `bytes that are no UTF-8 are refused`() {
        do throws(Failure) {
            _ = try XMLReader.read(
                bytes: Array("<?xml version='1.0' encoding='latin1'?><a>".utf8) + [0xE4] + Array("</a>".utf8), source: "test")
            Issue.record("it was read")
        } catch {
            #expect(error.message.hasPrefix("test:1:43: not XML: not well-formed"))
        }
    }

    @Test(arguments: [
        (XMLLimits(bytes: 20), "test: larger than 20 bytes"),
        (XMLLimits(depth: 2), "test:1:7: nested deeper than 2 elements"),
        (XMLLimits(elements: 3), "test:1:16: more than 3 elements"),
        (XMLLimits(attributes: 1), "test:1:16: more than 1 attributes"),
    ])
    func `limits hold`(limits: XMLLimits, message: String) {
        let failure = complaint("<a><b><c x=''/><d y=''/></b></a>", limits: limits)
        #expect(failure?.message == message)
        #expect(failure?.code == .limit)
    }

    @Test func `limits let through what just fits`() {
        #expect(complaint("<a><b><c x=''/><d y=''/></b></a>", limits: XMLLimits(bytes: 33, depth: 3, elements: 4, attributes: 2)) == nil)
    }

    @Test func `as deep as is ever allowed can be read and let go`() throws {
        let depth = XMLLimits(depth: 10_000).depth
        #expect(depth == 256)
        let text = String(repeating: "<a>", count: depth) + String(repeating: "</a>", count: depth)
        #expect(try read(text, limits: XMLLimits(depth: depth)).children.count == 1)
        #expect(complaint("<a>\(text)</a>", limits: XMLLimits(depth: depth)) != nil)
    }
}
