//! What a caller hears of a tool that acts, with the values of a call.
//!
//! Promises: the sentences are compared whole.
//! Never: needs a call.

use centralita_core::base::ToolName;
use centralita_core::conversation::wording;
use centralita_core::language::Language;
use centralita_core::sim::script_plan;
use centralita_core::template::Renderer;
use serde_json::json;

#[test]
fn a_short_form_that_is_a_question_is_put_as_it_is_and_other_words_get_the_gateways_behind_them() {
    let plan = script_plan("en").expect("the plan has that name");
    let refund = plan.tool(&ToolName("shop.refund".into())).expect("it can refund");
    let renderer = Renderer::new(Language::English, &plan.currency);
    for (short, asked) in [
        ("{{ amount | money }}", "Twenty dollars: shall I do it?"),
        ("I refund {{ amount | money }}, yes?", "I refund twenty dollars, yes?"),
        ("", "Refund twenty dollars on order one one eight two?"),
    ] {
        let mut tool = refund.clone();
        short.clone_into(&mut tool.confirm.short);
        let values = json!({"amount": "20", "order": "1182"});
        let worded = wording(&renderer, Language::English, &tool, &values).expect("it has words");
        assert_eq!(worded.short, asked);
    }
}
