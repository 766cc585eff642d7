import Testing
import Web

@testable import Viewer

@Suite struct PageFilesTests {
    private static let files = PageFiles([
        ("index.html", Array("<!doctype html>".utf8)), ("js/app.js", Array(repeating: UInt8(ascii: "x"), count: 5000)),
        ("notes.md", Array("secret".utf8)),
    ])

    private static func get(_ name: String, _ headers: [(name: String, value: String)] = []) -> HTTPServerResponse {
        files.file(name, HTTPServerRequest(method: "GET", path: "/page/\(name)", headers: HTTPHeaders(headers)))
    }

    @Test func `a file has its type and its tag`() {
        let response = Self.get("js/app.js")
        #expect(response.status == 200)
        #expect(response.headers["Content-Type"] == "text/javascript; charset=utf-8")
        #expect(response.headers["Content-Encoding"] == nil)
        let tag = response.headers["ETag"] ?? ""
        #expect(Self.get("js/app.js", [("If-None-Match", tag)]).status == 304)
        #expect(Self.get("js/app.js", [("If-None-Match", "\"x\", \(tag)")]).status == 304)
        #expect(Self.get("js/app.js", [("If-None-Match", "W/\"0-0\"")]).status == 200)
    }

    @Test func `it is compressed for who takes that`() {
        let response = Self.get("js/app.js", [("Accept-Encoding", "gzip, br")])
        #expect(response.headers["Content-Encoding"] == "gzip")
        if case .bytes(let bytes) = response.body { #expect(bytes.count < 1000) } else { Issue.record("no bytes") }
    }

    @Test(arguments: [
        "", "../index.html", "js/../index.html", "/index.html", "js", "js/", "index.html/", "notes.md", "index.html\0", "INDEX.HTML",
        "./index.html",
    ])
    func `only names of the list are files`(_ name: String) { #expect(Self.get(name).status == 404) }

    @Test func `the program carries the page`() {
        let names = Set(PageFiles.shipped.map(\.name))
        #expect(names.contains("index.html"))
        #expect(names.contains("js/app.js"))
    }
}
