import KubernetesObjectStore
import ObjectStore
import Objects
import Testing

@Suite struct ListTests {
    @Test func `a list is asked for by pages and put in order`() async throws {
        let server = try ScriptedServer { _, request in
            switch request.query("continue") {
            case nil: .json(listText([machineText("b", namespace: "a-b"), machineText("z", namespace: "a")], version: 7, next: "x/y=="))
            default: .json(listText([machineText("a", namespace: "a")], version: 7))
            }
        }
        let list = try await server.store().list(.virtualMachine)
        #expect(list.items.map { "\($0.metadata.namespace)/\($0.metadata.name)" } == ["a/a", "a/z", "a-b/b"])
        #expect(list.resourceVersion == "7")
        #expect(
            server.requests.map(\.target) == [
                "/apis/infra.virtrigaud.io/v1beta1/virtualmachines?limit=500",
                "/apis/infra.virtrigaud.io/v1beta1/virtualmachines?limit=500&continue=x%2Fy%3D%3D",
            ])
    }

    @Test func `a selector and a namespace are asked for`() async throws {
        let server = try ScriptedServer { _, _ in .json(#"{"metadata":{"resourceVersion":"1"},"items":null}"#) }
        let selector = LabelSelector([.isOneOf("app", ["web", "db"]), .existsNot("old")])
        #expect(try await server.store().list(.virtualMachine, in: "lab", selector).items.isEmpty)
        let request = try #require(server.requests.first)
        #expect(request.path == "/apis/infra.virtrigaud.io/v1beta1/namespaces/lab/virtualmachines")
        #expect(request.query("labelSelector") == "app%20in%20%28db%2Cweb%29%2C%21old")
    }

    @Test func `a list whose pages are forgotten begins again`() async throws {
        let server = try ScriptedServer { count, request in
            if count == 1 { return .json(410, statusText(410, "Expired", details: "{}")) }
            return request.query("continue") == nil
                ? .json(listText([machineText("a")], version: count, next: "n")) : .json(listText([machineText("b")], version: count))
        }
        let list = try await server.store().list(.virtualMachine)
        #expect(list.items.map(\.metadata.name) == ["a", "b"])
        #expect(server.requests.count == 4)
    }

    @Test func `a list whose pages are forgotten each time ends`() async throws {
        let server = try ScriptedServer { _, request in
            request.query("continue") == nil
                ? .json(listText([machineText("a")], next: "n")) : .json(410, statusText(410, "Expired", details: "{}"))
        }
        let store = try server.store()
        #expect(await storeError { _ = try await store.list(.virtualMachine) } != nil)
        #expect(server.requests.count == 6)
    }

    @Test func `pages that are too large are made smaller`() async throws {
        let server = try ScriptedServer { _, request in
            let size = Int(request.query("limit") ?? "") ?? 0
            return .json(listText([machineText("a", spec: #"{"a":"\#(String(repeating: "x", count: size * 20))"}"#)]))
        }
        let list = try await server.store { $0.answerBytes = 2000 }.list(.virtualMachine)
        #expect(list.items.count == 1)
        #expect(server.requests.compactMap { $0.query("limit") } == ["500", "62"])
    }

    @Test func `a list without an end is given up`() async throws {
        let server = try ScriptedServer { count, _ in .json(listText([machineText("a\(count)")], next: "n\(count)")) }
        let store = try server.store { $0.listObjects = 50 }
        #expect(await storeError { _ = try await store.list(.virtualMachine) }?.reason == .tooLarge)
        #expect(server.requests.count == 51)
    }

    @Test(arguments: [
        "{}", #"{"items":[]}"#, #"{"items":[5],"metadata":{"resourceVersion":"1"}}"#, #"{"items":{},"metadata":{"resourceVersion":"1"}}"#,
    ])
    func `what is no list is an error`(text: String) async throws {
        let server = try ScriptedServer { _, _ in .json(text) }
        let store = try server.store()
        #expect(await storeError { _ = try await store.list(.virtualMachine) }?.reason == .unavailable)
    }

    @Test func `the same page twice is an error`() async throws {
        let server = try ScriptedServer { _, _ in .json(listText([machineText("a")], next: "n")) }
        let store = try server.store()
        #expect(await storeError { _ = try await store.list(.virtualMachine) }?.reason == .unavailable)
        #expect(server.requests.count == 2)
    }
}
