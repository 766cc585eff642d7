import Testing

@testable import ProxmoxAPI

@Suite struct PermissionsTests {
    private static func permissions(_ json: String) throws -> Permissions { try #require(try decoded(json, Permissions.init)) }

    @Test func `what version 8 says of PVEAuditor, which knows no mapping`() throws {
        let rights = #"{"Sys.Audit":1,"VM.Audit":1,"VM.Monitor":1,"Datastore.Audit":1,"Pool.Audit":1,"Mapping.Audit":1}"#
        let permissions = try Self.permissions(#"{"/":\#(rights),"/vms":\#(rights),"/nodes":\#(rights),"/storage":\#(rights)}"#)
        #expect(permissions.holds("VM.Monitor", below: "/vms") && permissions.holds("Mapping.Audit", below: "/mapping"))
        #expect(!permissions.holds("VM.GuestAgent.Audit", below: "/vms"))
        // Of all but the mappings, what is not listed is not held.
        #expect(!permissions.holds("Pool.Audit", below: "/pool") && permissions.holdsAnywhere("Pool.Audit"))
    }

    @Test func `what version 9 says`() throws {
        let permissions = try Self.permissions(
            #"{"/":{"Mapping.Audit":1},"/vms":{"VM.Audit":1,"VM.GuestAgent.Audit":1},"/mapping":{"Mapping.Use":1}}"#)
        #expect(permissions.holds("VM.GuestAgent.Audit", below: "/vms"))
        // Where the path is listed, it counts.
        #expect(!permissions.holds("Mapping.Audit", below: "/mapping") && permissions.holds("Mapping.Use", below: "/mapping"))
    }

    @Test(arguments: [
        ("1", true), ("\"1\"", true), ("true", true), ("0", false), ("\"0\"", false), ("false", false), ("null", false), ("[]", false),
    ])
    func `only what holds below the path too`(value: String, holds: Bool) throws {
        let permissions = try Self.permissions(#"{"/vms":{"VM.Audit":\#(value)}}"#)
        #expect(permissions.holds("VM.Audit", below: "/vms") == holds && permissions.holdsAnywhere("VM.Audit") == holds)
    }

    @Test func `nobody has no rights`() throws {
        for json in ["[]", "{}", #"{"/":{}}"#, #"{"/":[]}"#, #"{"/vms":5,"/":null}"#] {
            let permissions = try Self.permissions(json)
            #expect(!permissions.holds("Sys.Audit", below: "/") && !permissions.holdsAnywhere("VM.Audit"), "\(json)")
        }
        for json in ["null", "5", "\"x\""] { #expect(try decoded(json, Permissions.init) == nil) }
    }

    @Test func `paths and rights without end`() throws {
        let paths = (0..<20_000).map { #""/vms/\#($0)":{"VM.Audit":1}"# }.joined(separator: ",")
        let rights = (0..<2000).map { #""R\#($0)":1"# }.joined(separator: ",")
        let long = String(repeating: "n", count: 5_000_000)
        let permissions = try Self.permissions(#"{"/":{\#(rights)},"\#(long)":{"\#(long)":1},\#(paths)}"#)
        #expect(permissions.holds("R0", below: "/") && !permissions.holds("R1999", below: "/"))
        #expect(permissions.holdsAnywhere("VM.Audit") && !permissions.holds("VM.Audit", below: "/vms/19999"))
    }
}
