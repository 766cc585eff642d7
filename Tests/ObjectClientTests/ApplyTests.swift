import ObjectStore
import Objects
import Primitives
import Testing

@testable import ObjectClient

@Suite struct ApplyTests {
    @Test(
        arguments: [
            (nil, ["a": 1], ["a": 1], nil), (nil, ["a": 2], ["a": 1], ["a": 2]), (nil, ["a": 1], ["a": 1, "b": 2], nil),
            (["b": 2], ["a": 1], ["a": 1, "b": 2], ["b": .null]),
            (["b": 2], ["a": 1], ["a": 1], nil),
            (["m": ["x": 1, "y": 1]], ["m": ["x": 1]], ["m": ["x": 1, "y": 1, "z": 1]], ["m": ["y": .null]]),
            (["l": [1, 2]], ["l": [1]], ["l": [1, 2]], ["l": [1]]),
            (["m": ["x": 1]], ["m": ["x": 2], "n": 1], ["m": ["x": 1, "w": 3]], ["m": ["x": 2], "n": 1]),
            (["m": ["x": 1, "y": 2]], ["m": ["x": 3]], ["m": ["x": 1, "y": 2]], ["m": ["x": 3, "y": .null]]),
        ] as [(ObjectValue?, ObjectValue, ObjectValue, ObjectValue?)])
    func `what was said and is no more is taken away, and what others said stays`(
        last: ObjectValue?, wanted: ObjectValue, present: ObjectValue, patch: ObjectValue?
    ) {
        #expect(ThreeWayPatch.patch(last: last, wanted: wanted, present: present) == patch)
    }

    private func manifests(_ text: String) throws -> [Manifest] {
        try Manifest.read(Array(text.utf8), path: "m.yaml", namespace: "default")
    }

    private func apply(_ bed: Bed, _ text: String) async throws -> [Applier.Outcome] {
        var outcomes: [Applier.Outcome] = []
        for manifest in try manifests(text) { outcomes.append(try await Applier(bed.client).apply(manifest).0) }
        return outcomes
    }

    @Test func `applying is making, changing, or nothing`() async throws {
        let bed = Bed()
        #expect(try await apply(bed, Bed.manifest("a")) == [.created])
        #expect(try await apply(bed, Bed.manifest("a")) == [.unchanged])
        #expect(try await apply(bed, Bed.manifest("a", more: "  labels: {x: '1'}\n")) == [.configured])
        _ = try await bed.client.patch(Bed.key("a"), ["metadata": ["labels": ["other": "y"]]])
        #expect(try await apply(bed, Bed.manifest("a", cpu: 4)) == [.configured])
        let object = try await bed.client.get(Bed.key("a"))
        #expect(object["metadata"]?["labels"] == ["other": "y"])
        #expect(object["spec"]?["cpu"] == 4)
        #expect(object["spec"]?["firmware"] == "BIOS")
    }

    @Test(arguments: [
        ("a: 1\n", "m.yaml:1: the object needs apiVersion and kind"), ("apiVersion: v1\nkind: Pod\n", "m.yaml:1: Pod of v1 is no kind"),
        ("---\n---\n- 1\n", "m.yaml:3: an object is needed"),
        ("apiVersion: v1\nkind: Secret\n", "m.yaml:1: the object needs metadata.name"),
    ])
    func `a manifest that is none says where`(text: String, message: String) {
        do {
            _ = try manifests(text)
            Issue.record("was read")
        } catch {
            #expect("\(error)".hasPrefix(message), "\(error)")
        }
    }

    @Test func `lists are their items`() throws {
        let text = "apiVersion: v1\nkind: List\nitems:\n- \(Bed.manifest("a").split(separator: "\n").joined(separator: "\n  "))\n"
        #expect(try manifests(text).map(\.key) == [Bed.key("a")])
    }

    @Test func `pruning takes what was applied and is not there any more`() async throws {
        let bed = Bed()
        let label = "  labels: {app: x}\n"
        _ = try await apply(bed, Bed.manifest("a", more: label) + "---\n" + Bed.manifest("b", more: label) + "---\n" + Bed.manifest("c"))
        _ = try await bed.client.create(try #require(try manifests(Bed.manifest("by-hand", more: label)).first).value, Bed.key("by-hand"))
        let dry = try await Applier(bed.client, isDryRun: true).prune(keeping: [Bed.key("a")], labels: "app=x", namespaces: ["default"])
        #expect(dry == [Bed.key("b")])
        #expect(try await Applier(bed.client).prune(keeping: [Bed.key("a")], labels: "app=x", namespaces: ["default"]) == [Bed.key("b")])
        let left = try await bed.client.list(.vmClass, in: nil)["items"]?.list?.compactMap { $0["metadata"]?["name"]?.text }
        #expect(left == ["a", "by-hand", "c"])
    }

    @Test(arguments: [
        (["vm"], ["virtualmachines"]), (["VM,vmclass"], ["virtualmachines", "vmclasses"]),
        (["vm", "a", "b"], ["virtualmachines/a", "virtualmachines/b"]),
        (["vm/a", "secret/b"], ["virtualmachines/a", "secrets/b"]), (["virtualmachines.infra.virtrigaud.io"], ["virtualmachines"]),
        (["pods"], nil), (["vm/a", "b"], nil),
        (["vm,vmc", "a"], nil), (["vm/"], nil), ([], nil),
    ])
    func `kinds have many names`(words: [String], expected: [String]?) {
        let chosen = try? KindNames.chosen(words).map { $0.kind.plural + ($0.name.map { "/\($0)" } ?? "") }
        #expect(chosen == expected)
    }

    @Test func `a list of kinds with a name is refused for the name`() {
        do {
            _ = try KindNames.chosen(["provider,vm/database"])
            Issue.record("was read")
        } catch {
            #expect("\(error)".contains("lists of kinds take no names"), "\(error)")
        }
    }

    @Test func `operations are shown by when they were begun, to the second`() {
        func row(_ name: String, _ time: String) -> ObjectValue {
            ["cells": [.text(name)], "object": ["metadata": ["name": .text(name), "creationTimestamp": .text(time)]]]
        }
        let rows = [
            row("web-power-x", "2026-11-23T12:05:00Z"), row("web-create-z", "2026-11-23T12:00:00Z"), row("a", "2026-11-23T12:05:00Z"),
        ]
        let table: ObjectValue = ["columnDefinitions": [["name": "Name"]], "rows": .list(rows)]
        var text = TableText(isWide: false, showsNamespace: false)
        #expect(text.text(TableText.byTime(table)) == "NAME\nweb-create-z\na\nweb-power-x\n")
        let operation: ObjectValue = ["metadata": ["name": "x"], "spec": ["startedAt": "2026-11-23T12:05:00.123456Z"]]
        let description = DescriptionText.text(["metadata": ["name": "web1"]], operations: [operation])
        #expect(description.contains("2026-11-23T12:05:00Z") && !description.contains("123456"))
    }
}
