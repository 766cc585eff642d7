import Testing

@testable import Viewer

@Suite struct HeldAnswersTests {
    @Test func `a table holds so much, and all together so much`() {
        let all = HeldAnswers(limitBytes: 100, limitOfOne: 60)
        let one = HeldAnswers.Share(all)
        #expect(one.take(60))
        #expect(!one.take(1))
        do {
            let other = HeldAnswers.Share(all)
            #expect(!other.take(41))
            #expect(other.take(40))
            #expect(all.bytes == 100)
            withExtendedLifetime(other) {}
        }
        #expect(all.bytes == 60)
        #expect(HeldAnswers.Share(all).take(40))
        #expect(all.bytes == 60)
        withExtendedLifetime(one) {}
    }
}
