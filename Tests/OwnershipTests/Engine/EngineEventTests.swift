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
}
