import Testing

@testable import ProxmoxAPI

@Suite struct PropertyTextTests {
    @Test func `a value with names`() {
        let text = PropertyText("local-zfs:vm-100-disk-0,iothread=1,size=32G,args=a=b")
        #expect(text.first == "local-zfs:vm-100-disk-0" && text["iothread"] == "1" && text["size"] == "32G" && text["args"] == "a=b")
        #expect(text["local-zfs:vm-100-disk-0"] == nil && text["siz"] == nil && text[""] == nil)
    }

    @Test(
        arguments: [
            ("", nil), (",", nil), ("a", "a"), ("a,b", "a"), ("a=1,b", nil), ("=", nil), ("=1", nil), (",,a", "a"), ("a,a=2", "a"),
            ("🦅,x=1", "🦅"),
        ] as [(String, String?)])
    func `what stands first`(text: String, first: String?) { #expect(PropertyText(text).first == first) }

    @Test func `empty values and names`() {
        #expect(PropertyText("a=")["a"] == "" && PropertyText("=1")[""] == "1" && PropertyText("a=1,a=2")["a"] == "2")
    }

    @Test func `a value of 5 MB`() {
        let text = PropertyText("first," + String(repeating: "a=1,", count: 1_250_000) + "b=2")
        #expect(text.first == "first" && text["a"] == "1" && text["b"] == "2")
    }
}
