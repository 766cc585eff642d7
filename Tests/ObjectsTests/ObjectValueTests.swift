import JSON
import Primitives
import Testing

@testable import Objects

struct ObjectValueTests {
    @Test(arguments: [
        #"{"a":[1,-9223372036854775808,2.5,"1",true,null,{}],"b":"\u0000ü"}"#, "null", "[]", #""x""#, "9223372036854775807",
    ])
    func `what is read is written again`(_ text: String) throws {
        let value = try ObjectValue(parsing: Array(text.utf8))
        #expect(String(decoding: value.json, as: UTF8.self) == text)
    }

    @Test func `members are in the order of their names, each once`() throws {
        var members = try #require(try ObjectValue(parsing: Array(#"{"b":1,"a":2,"b":3}"#.utf8)).members)
        #expect(members.names == ["a", "b"])
        #expect(members["b"] == 3 && members["c"] == nil)
        members["c"] = 4
        members["a"] = nil
        members["b"] = "x"
        #expect(members == ObjectMembers([("c", 4), ("b", "x")]))
        // "é" in two ways are two names.
        let two = ObjectMembers([("e\u{301}", 1), ("\u{e9}", 2)])
        #expect(two["\u{e9}"] == 2)
        #expect(two.count == 2)
    }

    @Test(arguments: [
        (ObjectValue.Limits(bytes: 5, values: 10, depth: 5), "larger than 5 bytes"),
        (ObjectValue.Limits(bytes: 100, values: 2, depth: 5), "too many values"),
        (ObjectValue.Limits(bytes: 100, values: 10, depth: 1), "nested deeper"),
    ])
    func `what is too much is refused`(_ limits: ObjectValue.Limits, _ words: String) {
        do throws(Failure) {
            _ = try ObjectValue(parsing: Array(#"{"a":[1,2]}"#.utf8), limits: limits)
            Issue.record("was read")
        } catch {
            #expect(error.message.contains(words) && error.code == .limit)
        }
    }
}
