import RPC
import Testing

@testable import ProviderRPC

@Suite(.timeLimit(.minutes(1))) struct BoundsTests {
    private static func refusal(_ json: String) -> String? {
        do throws(RPCError) {
            _ = try SpecificationValue.parse(json, "class_json")
            return nil
        } catch {
            #expect(error.code == .invalidArgument)
            return error.message
        }
    }

    @Test func `Very many values are refused, and some are not`() {
        #expect(Self.refusal("[" + String(repeating: "0,", count: 19_998) + "0]") == nil)
        #expect(Self.refusal("[" + String(repeating: "0,", count: 19_999) + "0]")?.contains("more than 20000 values") == true)
    }

    @Test(arguments: [(128, true), (129, false)]) func `A member's name has a length`(_ length: Int, _ isTaken: Bool) {
        #expect((Self.refusal(#"{"\#(String(repeating: "a", count: length))": 0}"#) == nil) == isTaken)
    }

    @Test func `Texts that would take for ever to be compared are refused, written out or not`() {
        let marks = [String(repeating: "\u{301}", count: 31), String(repeating: #"\u0301"#, count: 31)]
        for text in marks {
            #expect(Self.refusal(#"{"guestID": "e\#(text)"}"#)?.contains("class_json.guestID: a text has more than 30") == true)
            #expect(Self.refusal(#"{"e\#(text)": 0}"#)?.contains("name of a member") == true)
        }
    }

    @Test func `Places are told as before`() throws {
        let value = try #require(try SpecificationValue.parse(#"{"a": [0, {"b": "x"}]}"#, "field"))
        guard case .members(let members) = value.kind, case .list(let list)? = members.first?.value.kind,
            case .members(let inner)? = list.last?.kind
        else {
            Issue.record("it was read as \(value.kind)")
            return
        }
        #expect(inner.first?.value.place == "field.a[1].b")
    }
}

@Suite struct MessageWithSecretsTests {
    @Test func `What holds secrets prints without them, wherever it stands`() {
        let export = ExportDiskRequest(vmID: "vm-1", destinationURL: "s3://key:hidden@bucket", credentials: ["password": "hidden"])
        let imported = ImportDiskRequest(sourceURL: "https://u:hidden@host/x", credentials: ["hidden": "x"])
        let create = CreateRequest(name: "web", userData: Array("hidden".utf8), imageJSON: #"{"headers": "hidden"}"#)
        let data = "\(Array("hidden".utf8))"
        for text in ["\(export)", "\([export])", String(reflecting: export), "\(imported)", "\(create)", "\([create] as Any)"] {
            #expect(!text.contains("hidden") && !text.contains(data) && text.contains("***"))
        }
        #expect("\(export)".contains(#"vmID: "vm-1""#))
    }
}
