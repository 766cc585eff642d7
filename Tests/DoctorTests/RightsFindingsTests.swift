import Primitives
import ProxmoxAPI
import ProxmoxConfiguration
import Testing

@testable import Doctor

@Suite("What is said of rights")
struct RightsFindingsTests {
    private static let all = ["Sys.Audit", "VM.Audit", "VM.GuestAgent.Audit", "Datastore.Audit", "Pool.Audit", "Mapping.Audit"]
    private static let roots = ["/", "/access", "/nodes", "/pool", "/storage", "/vms"]

    /// The same rights everywhere, but on some paths.
    private static func permissions(_ rights: [String], except: [String: [String]] = [:]) throws -> Permissions {
        let paths = Dictionary(uniqueKeysWithValues: roots.map { ($0, except[$0] ?? rights) })
        return try #require(Answers.permissions(paths.merging(except) { _, own in own }.filter { !$0.value.isEmpty }))
    }

    private static func findings(
        _ permissions: Permissions, version: String = "9.1.2", token: Bool = true, change: (inout RightsFindings) -> Void = { _ in }
    ) throws -> [Finding] {
        let credential =
            try token
            ? ProxmoxCredential.token(parsing: "monitor@pve!martlet=x") : ProxmoxCredential.login("monitor@pve", .init("x"))
        var findings = RightsFindings(Account(credential), Answers.version(version), permissions)
        change(&findings)
        return findings.findings
    }

    @Test("whoever has all rights is well")
    func well() throws {
        let findings = try Self.findings(try Self.permissions(Self.all))
        #expect(findings.map(\.state) == [.ok])
    }

    @Test("on 8 the dangerous right is no lack, and nothing names a right of 9")
    func eight() throws {
        let auditor = try Self.findings(try Self.permissions(Self.all.filter { $0 != "VM.GuestAgent.Audit" }), version: "8.4.1")
        // All in one line: neither that all is well nor that something is missing.
        #expect(auditor.map(\.state) == [.information])
        #expect(auditor.first?.summary.contains("but guest agents (VM.Monitor)") == true)
        #expect(auditor.first?.remedies.first?.lines.last == "    skip: [agent]")
        let nothing = try Self.findings(try Self.permissions([]), version: "8.4.1")
        #expect(nothing.map(\.state) == [.problem])
        let details: [String] = nothing.flatMap(\.details)
        #expect(details.allSatisfy { !$0.contains("VM.Monitor") && !$0.contains("GuestAgent") })
        let made = try Self.findings(try Self.permissions([]), version: "8.4.1") { $0.roles = Answers.roles(["Other": []]) }
        #expect(
            made.first?.remedies.first?.lines.first
                == "pveum role add Martlet --privs 'Sys.Audit VM.Audit Datastore.Audit Pool.Audit Mapping.Audit'")
    }

    @Test("the role for reading agents is that of the version")
    func creation() throws {
        let nine = try Self.findings(try Self.permissions([])) { $0.roles = Answers.roles(["PVEAuditor": ["Sys.Audit"]]) }
        #expect(nine.first?.remedies.first?.lines.first?.contains("VM.GuestAgent.Audit") == true)
    }

    @Test("who may do more than look is warned")
    func powers() throws {
        let findings = try Self.findings(try Self.permissions(Self.all + ["VM.PowerMgmt", "VM.Config.Disk"]))
        #expect(findings.map(\.state) == [.ok, .warning])
        #expect(findings.last?.summary.hasSuffix("too: VM.PowerMgmt") == true)
        #expect(findings.last?.remedies.first?.lines.contains("pveum user token add martlet@pve martlet --privsep 1") == true)
    }

    @Test("who lacks little is warned, who lacks much has a problem")
    func weight() throws {
        let little = try Self.findings(try Self.permissions(Self.all.filter { $0 != "Pool.Audit" }))
        #expect(little.map(\.state) == [.warning])
        let much = try Self.findings(try Self.permissions(Self.all.filter { $0 != "Datastore.Audit" }))
        #expect(much.map(\.state) == [.problem])
    }

    @Test("user and token are told apart where the API lets one")
    func holders() throws {
        let lack = try Self.permissions(["Sys.Audit"])
        let whole = try Self.permissions(Self.all)
        func lines(_ change: (inout RightsFindings) -> Void = { _ in }, token: Bool = true) throws -> [String] {
            try Self.findings(lack, token: token, change: change).flatMap { $0.remedies.flatMap(\.lines) }
        }
        let user = "pveum acl modify / --users monitor@pve --roles PVEAuditor"
        let token = "pveum acl modify / --tokens 'monitor@pve!martlet' --roles PVEAuditor"
        #expect(try lines() == [user, token])
        #expect(try lines({ $0.ofUser = whole }) == [token])
        #expect(try lines({ $0.ofUser = lack }) == [user, token])
        #expect(try lines({ $0.isSeparated = false }) == [user])
        #expect(try lines({ ($0.isSeparated, $0.ofUser) = (true, whole) }) == [token])
        #expect(try lines(token: false) == [user])
    }

    @Test("an entry on a path is where more has to be given, and one of nothing has to go")
    func paths() throws {
        let less = try Self.findings(try Self.permissions(Self.all, except: ["/storage": ["Datastore.AllocateSpace"]]))
        #expect(
            less.first?.remedies.first?.lines == [
                "pveum acl modify /storage --users monitor@pve --roles PVEAuditor",
                "pveum acl modify /storage --tokens 'monitor@pve!martlet' --roles PVEAuditor",
            ])
        let none = try Self.findings(try Self.permissions(Self.all, except: ["/vms": []])) { $0.isSeparated = false }
        #expect(
            none.first?.remedies.first?.lines == [
                "pveum acl delete /vms --users monitor@pve --roles NoAccess",
                "pveum acl modify /vms --users monitor@pve --roles PVEAuditor",
            ])
    }

    @Test("a role of ours is given what it lacks")
    func ownRole() throws {
        let lines = try Self.findings(try Self.permissions(["Sys.Audit", "VM.Audit", "Datastore.Audit", "Pool.Audit", "Mapping.Audit"])) {
            $0.roles = Answers.roles(["Martlet": ["Sys.Audit", "VM.Audit"], "PVEAuditor": Self.all])
            $0.isSeparated = false
        }.flatMap { $0.remedies.flatMap(\.lines) }
        #expect(
            lines == [
                "pveum role modify Martlet --append --privs VM.GuestAgent.Audit", "pveum acl modify / --users monitor@pve --roles Martlet",
            ])
    }
}
