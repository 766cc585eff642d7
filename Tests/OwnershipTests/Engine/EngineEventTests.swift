import Testing

@testable import Ownership

@Suite struct EngineEventTests {
    private static let id = CgroupPlaceTests.id

    @Test func `Docker's and Podman's`() {
        let docker = EngineEvent(
            line: Array(
                #"{"status":"health_status: unhealthy","id":"\#(Self.id)","Type":"container","Action":"health_status: unhealthy","Actor":{"ID":"\#(Self.id)","Attributes":{"name":"web"}}}"#
                    .utf8))
        #expect(docker?.action == "health_status" && docker?.id == Self.id && docker?.name == "web")
        let old = EngineEvent(line: Array(#"{"status":"die","id":"\#(Self.id)","from":"x"}"#.utf8))
        #expect(old?.action == "die")
    }

    @Test(arguments: [
        "", "{", "[]", #"{"Type":"network","Action":"connect","Actor":{"ID":"\#(id)"}}"#, #"{"Type":"container","Action":"die"}"#,
        #"{"Type":"container","Action":"die","Actor":{"ID":"short"}}"#,
    ])
    func `what is none`(_ line: String) { #expect(EngineEvent(line: Array(line.utf8)) == nil) }

    @Test func `lines come in pieces`() {
        var cutter = LineCutter()
        func text(_ piece: String) -> [String] { cutter.lines(of: Array(piece.utf8)).map { String(decoding: $0, as: UTF8.self) } }
        #expect(text("one\ntw") == ["one"])
        #expect(text("o") == [])
        #expect(text("\n\n\nthree\n") == ["two", "three"])
    }

    @Test func `a line without end is skipped, and the next one is read`() {
        var cutter = LineCutter()
        for _ in 0..<40 { #expect(cutter.lines(of: Array(repeating: 0x78, count: 4096)).isEmpty) }
        #expect(cutter.lines(of: Array("x\nnext\n".utf8)).map { String(decoding: $0, as: UTF8.self) } == ["next"])
    }
}
