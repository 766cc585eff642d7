import Primitives
import Testing

@testable import XML

/// What is written says what it was told, whatever characters that has in it.
struct XMLWriterTests {
    @Test func `elements, attributes that are there, text`() {
        var writer = XMLWriter()
        writer.element("domain", ["type": "kvm", "id": nil]) { domain in
            domain.element("name", text: "web1")
            domain.element("features") { $0.element("acpi") }
            domain.element("source", ["file": "/a"])
        }
        #expect(writer.text == "<domain type='kvm'><name>web1</name><features><acpi/></features><source file='/a'/></domain>")
    }

    @Test(arguments: [
        "plain", "<script>&amp;</script>", "it's \"quoted\"", "line\nfeed\tand\rreturn", "]]>", "ä☺\u{1F600}", "", " spaces ", "--><!--",
    ])
    func `texts and attributes come back as they were`(text: String) throws {
        var writer = XMLWriter()
        writer.element("a", ["b": text], text: text)
        let read = try XMLReader.read(writer.text, source: "written")
        #expect(read["b"] == text)
        #expect(read.text == text)
        #expect(read.children.isEmpty)
    }

    @Test func `what XML cannot say is replaced`() throws {
        var writer = XMLWriter()
        writer.element("a", ["b": "x\u{0}y"], text: "\u{1}\u{B}\u{FFFF}")
        let read = try XMLReader.read(writer.text, source: "written")
        #expect(read["b"] == "x\u{FFFD}y")
        #expect(read.text == "\u{FFFD}\u{FFFD}\u{FFFD}")
    }

    @Test func `a tree that was read is written as it was, and can be changed before`() throws {
        let text = "<a xmlns:q='urn:q'><b c='1'>text</b><q:d><e/></q:d></a>"
        var root = try XMLReader.read(text, source: "test")
        #expect(root.xml == text)
        root.children[0].set("c", nil)
        root.children[0].set("f", "2")
        root.set("g", "<")
        #expect(root.xml == "<a xmlns:q='urn:q' g='&lt;'><b f='2'>text</b><q:d><e/></q:d></a>")
    }
}
