import Testing

@testable import Viewer

@Suite struct FormTests {
    @Test func `what is written is read back`() {
        var form = Form()
        form.add("query", #"up{job=~"a|b"} + 1 & é"#)
        form.add("match[]", "")
        #expect(form.encoded == "query=up%7Bjob%3D~%22a%7Cb%22%7D%20%2B%201%20%26%20%C3%A9&match%5B%5D=")
        #expect(Form(parsing: Array(form.encoded.utf8)) == form)
    }

    @Test func `a plus is a space`() {
        let form = Form(parsing: Array("query=a+b%2Bc".utf8))
        #expect(form?.fields.first?.value == "a b+c")
    }

    @Test(arguments: ["query=%4", "query=%zz", "%", "query=%ff", "a=%c3%28"])
    func `what is no form is refused`(_ text: String) {
        #expect(Form(parsing: Array(text.utf8)) == nil)
    }
}
