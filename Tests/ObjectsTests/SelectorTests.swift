import Primitives
import Testing

@testable import Objects

struct SelectorTests {
    @Test(
        arguments: [
            ("", [], ""), ("a=b", [.isOneOf("a", ["b"])], "a=b"), ("a==b", [.isOneOf("a", ["b"])], "a=b"),
            ("a!=b", [.isNoneOf("a", ["b"])], "a!=b"),
            ("a=", [.isOneOf("a", [""])], "a="), ("e in (f,g)", [.isOneOf("e", ["f", "g"])], "e in (f,g)"),
            ("e in ( g , f )", [.isOneOf("e", ["f", "g"])], "e in (f,g)"), ("h notin (i)", [.isNoneOf("h", ["i"])], "h!=i"),
            ("h notin (i,j)", [.isNoneOf("h", ["i", "j"])], "h notin (i,j)"), ("j", [.exists("j")], "j"), ("!k", [.existsNot("k")], "!k"),
            (" a = b , !k ", [.isOneOf("a", ["b"]), .existsNot("k")], "a=b,!k"),
            ("x.io/app=web", [.isOneOf("x.io/app", ["web"])], "x.io/app=web"),
            ("in in (in)", [.isOneOf("in", ["in"])], "in=in"), ("e in ()", [.isOneOf("e", [""])], "e="),
            ("e in(f)", [.isOneOf("e", ["f"])], "e=f"),
            ("a=b=c", nil, nil), (",", nil, nil), ("a,,b", nil, nil), ("a in (b", nil, nil), ("a in b)", nil, nil), ("a of (b)", nil, nil),
            ("a=-b", nil, nil), ("/a", nil, nil), ("a/b/c=d", nil, nil), ("!", nil, nil), ("a>1", nil, nil), ("a!b", nil, nil),
            ("ä=b", nil, nil),
        ] as [(String, [LabelSelector.Requirement]?, String?)])
    func `labels' selectors are read and written`(_ text: String, _ requirements: [LabelSelector.Requirement]?, _ written: String?) {
        do throws(Failure) {
            let selector = try LabelSelector(parsing: text)
            #expect(selector.requirements == requirements && selector.text == written)
            #expect(try LabelSelector(parsing: selector.text) == selector)
            var problems: [FieldProblem] = []
            #expect(LabelSelector(selector.value, "", &problems).requirements == selector.requirements && problems == [])
        } catch {
            #expect(requirements == nil && error.code == .malformed, "\(error)")
        }
    }

    @Test(
        arguments: [
            ("a=b", ["a": "b"], true), ("a=b", [:], false), ("a!=b", [:], true), ("a!=b", ["a": "b"], false),
            ("a notin (b,c)", ["a": "d"], true),
            ("a", ["a": ""], true), ("!a", ["a": ""], false), ("a in (b,c),d", ["a": "c", "d": "e"], true),
            ("a in (b,c),d", ["a": "c"], false),
        ] as [(String, [String: String], Bool)])
    func `labels are matched`(_ text: String, _ labels: [String: String], _ matches: Bool) throws {
        #expect(try LabelSelector(parsing: text).matches(labels) == matches)
    }

    @Test(arguments: [
        (#"{"matchLabels":{"a":1}}"#, "s.matchLabels[a]"), (#"{"matchExpressions":[{"operator":"In"}]}"#, "s.matchExpressions[0].key"),
        (#"{"matchExpressions":[{"key":"a","operator":"In","values":[]}]}"#, "s.matchExpressions[0].values"),
        (#"{"matchExpressions":[{"key":"a","operator":"Exists","values":["b"]}]}"#, "s.matchExpressions[0].values"),
        (#"{"matchExpressions":[{"key":"a","operator":"Gt","values":["1"]}]}"#, "s.matchExpressions[0].operator"),
    ])
    func `what a selector of an object must not say has its place`(_ text: String, _ path: String) throws {
        var problems: [FieldProblem] = []
        _ = LabelSelector(try ObjectValue(parsing: Array(text.utf8)), "s", &problems)
        #expect(problems.map(\.path) == [path])
    }

    @Test(
        arguments: [
            ("", true), ("metadata.name=web1", true), ("metadata.name==web2", false),
            ("metadata.name!=web2,metadata.namespace=default", true),
            ("metadata.namespace!=default", false), ("status.phase=Running", nil), ("metadata.name", nil), ("metadata.name>a", nil),
        ] as [(String, Bool?)])
    func `fields' selectors know name and namespace`(_ text: String, _ matches: Bool?) {
        do throws(Failure) {
            #expect(try FieldSelector(parsing: text).matches(ObjectMetadata(name: "web1", namespace: "default")) == matches)
        } catch {
            #expect(matches == nil && error.code == .malformed)
        }
    }
}
