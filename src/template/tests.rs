//! Templates: what each name renders to, which mistakes are found where, and two laws.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use proptest::prelude::*;

use super::column::Column;
use super::cursor::Cursor;
use super::iso::{ISO_BYTES, push_iso};
use super::names::{Columns, FeedColumn, Names, Place};
use super::parse::Fault;
use super::random::Random;
use super::*;
use crate::mqtt::property;

/// Two feeds: `serial` and `name` of row 1 of a feed per user, `reading` of row 2 of one per message.
fn columns() -> Columns {
    let column = |feed, name: &str, varies, values: [&str; 3]| {
        let column = Arc::new(Column::new(name, values.map(str::as_bytes)));
        (name.to_owned(), FeedColumn { feed, column, varies, owned: false })
    };
    let by_name = [
        column(0, "serial", Varies::PerUser, ["a1", "b22", "c333"]),
        column(0, "the name", Varies::PerUser, ["", "\"b\"", "c"]),
        column(1, "reading", Varies::PerMessage, ["1", "2.5", "-3"]),
        column(1, "wild", Varies::PerMessage, ["x", "a/+", "\0"]),
    ];
    let elsewhere = [("owner".to_owned(), "people".to_owned())];
    Columns { by_name: by_name.into(), elsewhere: Rc::new(elsewhere.into()), ..Columns::default() }
}

fn parse_at(place: Place, text: &str) -> Result<Template, Vec<Fault>> {
    let vars = BTreeMap::from([("site".to_owned(), "oslo".to_owned())]);
    let used_vars = RefCell::new(BTreeSet::new());
    let env = |name: &str| match name {
        "HOME_TOPIC" => Some("home".to_owned()),
        "EMPTY" => Some(String::new()),
        _ => None,
    };
    let columns = columns();
    let names = Names {
        class: Some("device"),
        vars: &vars,
        used_vars: &used_vars,
        columns: &columns,
        env: &env,
        hostname: "rig",
        run_id: None,
    };
    Template::parse(text, place, &names)
}

fn parse(text: &str) -> Template {
    parse_at(Place::Payload, text).unwrap()
}

#[test]
fn every_function_of_the_table_can_be_called() {
    for function in names::FUNCTIONS {
        let text = format!("${{{}}}", function.example);
        if let Err(faults) = parse_at(Place::Payload, &text) {
            panic!("{text}: {faults:?}");
        }
    }
}

/// 2024-02-29 23:59:58.007 and 89 ns.
const NOW_NS: u64 = 1_709_251_198_007_000_089;

fn render_bytes(template: &Template) -> Vec<u8> {
    let user = UserScope { number: 42, index: 3, client_id: b"dev-42"[..].into() };
    let mut random = Random::for_user(1, "device", 3);
    let mut out = Vec::new();
    let mut scope = Scope {
        user: &user,
        rows: &[1, 2],
        iteration: 5,
        seq: 9,
        now_ns: NOW_NS,
        random: &mut random,
        walks: &mut [NOT_BEGUN],
        received: &NOTHING,
    };
    template.render(&mut scope, &mut out);
    out
}

fn render(text: &str) -> String {
    String::from_utf8(render_bytes(&parse(text))).unwrap()
}

#[test]
fn every_name_renders_its_value() {
    for (text, expected) in [
        ("", ""),
        ("plain $ { } text", "plain $ { } text"),
        ("$${user.number}", "${user.number}"),
        ("$$${x}", "$${x}"),
        ("${user.number}/${user.index}/${user.class}", "42/3/device"),
        ("${ client_id }", "dev-42"),
        ("${iteration}:${seq}", "5:9"),
        ("${vars.site}", "oslo"),
        ("${env.HOME_TOPIC}", "home"),
        ("${env.HOME_TOPIC:-other}", "home"),
        ("${env.MISSING:-it's \"that\"}", "it's \"that\""),
        ("${env.MISSING:-}", ""),
        ("${env.EMPTY:-full}|${env.EMPTY}", "full|"),
        ("${now_ms()}", "1709251198007"),
        ("${now_ns()}", "1709251198007000089"),
        ("${now_iso()}", "2024-02-29T23:59:58.007Z"),
        ("${hostname()}", "rig"),
        ("${choice('a}b')}${choice(\"q\\\"q\")}${choice(',')}", "a}bq\"q,"),
        ("${random_int(-7, -7)}${random_float(0.5, 0.5)}", "-70.5"),
        ("${row.serial}/${ row. the name }/${row.reading}", "b22/\"b\"/-3"),
    ] {
        assert_eq!(render(text), expected, "{text}");
    }
}

#[test]
fn what_was_received_renders_as_it_came_and_in_json_as_json() {
    let mut properties = Vec::new();
    property::put_text(&mut properties, property::RESPONSE_TOPIC, b"r/\"1\"");
    property::put_text(&mut properties, property::CORRELATION_DATA, b"\xFF\0");
    let received = Received::new("a/b", &[b'x'; 1000], &properties);
    let user = UserScope::default();
    let render = |template: &Template| {
        let (mut random, mut out) = (Random::for_user(0, "", 0), Vec::new());
        let mut scope = Scope {
            user: &user,
            rows: &[],
            iteration: 0,
            seq: 1,
            now_ns: 0,
            random: &mut random,
            walks: &mut [],
            received: &received,
        };
        template.render(&mut scope, &mut out);
        out
    };
    assert_eq!(render(&parse("<${received.topic}>")), b"<a/b>");
    assert_eq!(render(&parse("<${received.level(1)}|${received.level(2)}|${received.level(3)}>")), b"<a|b|>");
    assert_eq!(render(&parse("${received.payload}${received.payload}!")), [&[b'x'; 2000][..], b"!"].concat());
    assert_eq!(render(&parse("${received.correlation_data}")), b"\xFF\0");
    let mut json = json::JsonTemplate::default();
    json.template(&parse("${received.response_topic}${received.topic}"));
    assert_eq!(render(&json.finish()), b"\"r/\\\"1\\\"a/b\"");
    assert_eq!(render_bytes(&parse("[${received.payload}]")), b"[]", "nothing has come yet");
}

#[test]
fn time_stamps_are_right_around_leap_days_and_centuries() {
    let iso = |seconds: u64| {
        let mut bytes = [0; ISO_BYTES];
        push_iso(seconds * 1_000_000_000, &mut Cursor { bytes: &mut bytes, at: 0 });
        String::from_utf8(bytes.to_vec()).unwrap()
    };
    assert_eq!(iso(0), "1970-01-01T00:00:00.000Z");
    assert_eq!(iso(951_782_400), "2000-02-29T00:00:00.000Z");
    assert_eq!(iso(951_868_800), "2000-03-01T00:00:00.000Z");
    assert_eq!(iso(1_735_689_599), "2024-12-31T23:59:59.000Z");
    assert_eq!(iso(4_107_542_400), "2100-03-01T00:00:00.000Z");
}

#[test]
fn random_values_have_their_form() {
    let uuid = render("${uuid()}");
    let dashes: Vec<usize> = uuid.match_indices('-').map(|(at, _)| at).collect();
    assert_eq!((uuid.len(), dashes), (36, vec![8, 13, 18, 23]));
    assert_eq!(&uuid[14..15], "4");
    assert!("89ab".contains(&uuid[19..20]), "{uuid}");

    let text = render("${random_string(21)}");
    assert_eq!(text.len(), 21);
    assert!(text.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{text}");
    assert_eq!(render_bytes(&parse("${random_bytes(13)}")).len(), 13);

    let user = UserScope::default();
    let mut random = Random::for_user(3, "x", 0);
    let mut seen = BTreeSet::new();
    let dice = parse("${random_int(-1, 1)} ${choice('x', 'y')}");
    for _ in 0..200 {
        let mut out = Vec::new();
        let mut scope = Scope {
            user: &user,
            rows: &[],
            iteration: 0,
            seq: 1,
            now_ns: 0,
            random: &mut random,
            walks: &mut [],
            received: &NOTHING,
        };
        dice.render(&mut scope, &mut out);
        seen.insert(String::from_utf8(out).unwrap());
    }
    let expected = ["-1 x", "-1 y", "0 x", "0 y", "1 x", "1 y"].map(str::to_owned);
    assert_eq!(seen, expected.into());

    let all = render(&format!("${{random_int({}, {})}}", i64::MIN, i64::MAX));
    assert!(all.parse::<i64>().is_ok(), "{all}");
    let float: f64 = render("${random_float(-1e300, 1e300)}").parse().unwrap();
    assert!(float.abs() <= 1e300);
}

#[test]
fn a_walk_goes_on_where_it_stood_for_each_occurrence() {
    let mut template = parse("${walk(-1, 1.5, 0.25)} ${walk(0, 10, 1)}");
    let mut walks = 1;
    template.number_walks(&mut walks);
    assert_eq!(walks, 3);
    let (user, mut random) = (UserScope::default(), Random::for_user(3, "x", 0));
    let mut walks = [NOT_BEGUN; 3];
    let mut last: Option<(f64, f64)> = None;
    for _ in 0..100 {
        let mut out = Vec::new();
        let mut scope = Scope {
            user: &user,
            rows: &[],
            iteration: 0,
            seq: 1,
            now_ns: 0,
            random: &mut random,
            walks: &mut walks,
            received: &NOTHING,
        };
        template.render(&mut scope, &mut out);
        let text = String::from_utf8(out).unwrap();
        let (first, second) = text.split_once(' ').unwrap();
        assert_eq!(first.split_once('.').unwrap().1.len(), 2, "{text}");
        assert!(!second.contains('.'), "{text}");
        let now: (f64, f64) = (first.parse().unwrap(), second.parse().unwrap());
        if let Some(last) = last {
            assert!((now.0 - last.0).abs() < 0.255 && (now.1 - last.1).abs() <= 1.0, "{last:?} {now:?}");
        }
        last = Some(now);
    }
    assert_eq!(walks[0], NOT_BEGUN, "that of another template");
}

#[test]
fn rendering_again_and_again_needs_no_more_memory() {
    let text = "${client_id}${seq}${now_iso()}${uuid()}${random_float(-1, 1)}${random_string(20)}\
                ${random_bytes(9)}${choice('', 'a longer one')}${row.reading}${walk(-5, 500, 0.001)}";
    let mut json = json::JsonTemplate::default();
    json.template(&parse_at(Place::JsonText, "${client_id}\"${row.the name}${seq}").unwrap());
    let user = UserScope { number: 1, index: 0, client_id: b"a \"quoted\" id"[..].into() };
    for template in [parse(text), json.finish()] {
        let (mut random, mut out) = (Random::for_user(1, "device", 3), Vec::new());
        let mut walks = [NOT_BEGUN];
        let mut render = |out: &mut Vec<u8>, seq: u64| {
            out.clear();
            let row = u32::try_from(seq % 3).unwrap();
            template.render(
                &mut Scope {
                    user: &user,
                    rows: &[row, row],
                    iteration: seq,
                    seq,
                    now_ns: NOW_NS,
                    random: &mut random,
                    walks: &mut walks,
                    received: &NOTHING,
                },
                out,
            );
        };
        render(&mut out, u64::MAX);
        let place = (out.as_ptr(), out.capacity());
        for seq in 1..10_000 {
            render(&mut out, seq);
            assert_eq!((out.as_ptr(), out.capacity()), place);
        }
    }
}

#[test]
fn what_is_nothing_but_a_number_is_known() {
    for text in [
        "${seq}",
        "${ user.index }",
        "${now_ms()}",
        "${random_int(1, 2)}",
        "${random_float(0, 1)}",
        "${walk(0, 1, 0.1)}",
    ] {
        assert!(parse(text).is_number(), "{text}");
    }
    for text in ["", "1", " ${seq}", "${seq}${seq}", "${row.reading}", "${uuid()}", "${client_id}"] {
        assert!(!parse(text).is_number(), "{text}");
    }
}

#[test]
fn texts_are_sorted_by_how_often_they_change() {
    for (text, varies, literal) in [
        ("", Varies::Never, Some("")),
        ("a/${vars.site}/$${b}/${user.class}", Varies::Never, Some("a/oslo/${b}/device")),
        ("a/${user.number}", Varies::PerUser, None),
        ("${client_id}", Varies::PerUser, None),
        ("${client_id}${seq}", Varies::PerMessage, None),
        ("${uuid()}", Varies::PerMessage, None),
        ("${row.serial}", Varies::PerUser, None),
        ("${row.reading}", Varies::PerMessage, None),
        ("${walk(0, 1, 1)}", Varies::PerMessage, None),
    ] {
        let template = parse(text);
        assert_eq!(template.varies(), varies, "{text}");
        assert_eq!(template.literal(), literal.map(str::as_bytes), "{text}");
        assert_eq!(template.source(), text);
    }
}

#[test]
fn a_rendered_text_has_a_length_within_the_known_bounds() {
    let text = "a${user.number}${client_id}${seq}${now_iso()}${uuid()}${random_float(1e-300, 1e-299)}\
                ${random_string(5)}${choice('', 'long')}${random_int(-5, 5)}${row.serial}${walk(-9, 10, 0.5)}";
    let template = parse(text);
    let (least, most) = template.length((6, 6));
    let length = render_bytes(&template).len();
    assert!((least..=most).contains(&length), "{least} {length} {most}");
}

/// One line per fault: code, marked text, message, help.
fn faults(place: Place, text: &str) -> Vec<String> {
    parse_at(place, text)
        .unwrap_err()
        .into_iter()
        .map(|fault| {
            let help = fault.help.unwrap_or_default();
            format!("{} «{}» {} ({help})", fault.code, text[fault.range].escape_debug(), fault.message)
        })
        .collect()
}

#[test]
fn mistakes_are_named_with_their_place_and_cure() {
    let cases: &[(Place, &str)] = &[
        (Place::Payload, "a ${seq"),
        (Place::Payload, "${seq ${iteration}"),
        (Place::Payload, "${} and ${ }"),
        (Place::Payload, "${user.nmber}"),
        (Place::Payload, "${uuid}"),
        (Place::Payload, "${site}"),
        (Place::Payload, "${nothing.like.it}"),
        (Place::Payload, "${uid()}"),
        (Place::Payload, "${seq()}"),
        (Place::Payload, "${frobnicate(1)}"),
        (Place::Payload, "${now_ms(1)} ${random_int(1)} ${choice()} ${random_string()}"),
        (Place::Payload, "${random_int(1, x)} ${random_int(1.5, 2)} ${random_int(3, 1)}"),
        (Place::Payload, "${random_int(1,,2)} ${random_int(1, )}"),
        (Place::Payload, "${random_float(1, inf)} ${random_float(2, 1)}"),
        (Place::Payload, "${random_string(0)} ${random_bytes(-1)} ${random_bytes(999999999)}"),
        (
            Place::Topic,
            "${received.level(0)} ${received.level(201)} ${received.level(-1)} ${received.level(70000)} ${received.level(two)} ${received.topic[1]}",
        ),
        (Place::Filter, "${received.level(1)}"),
        (Place::Payload, "${choice(red)} ${choice('a)} ${choice('a' 'b')} ${choice('\\n')}"),
        (Place::Payload, "${uuid() x}"),
        (Place::Payload, "${vars.sit} ${vars.unheard_of}"),
        (Place::Payload, "${env.MISSING} ${env.}"),
        (Place::Topic, "a/+/${client_id}/# \0 ${choice('x', '+')} ${env.MISSING:-#}"),
        (Place::Topic, "${random_bytes(4)}"),
        (Place::ClientId, "${client_id} ${seq} ${now_ms()} ok ${uuid()} \0"),
        (Place::RowName, "${seq} ${uuid()} ${user.number}"),
        (Place::Payload, "${row} ${row.} ${row.seril} ${row.unheard_of} ${row.owner} ${serial}"),
        (Place::RowName, "${row.serial} ${row.reading}"),
        (Place::Topic, "${row.wild}"),
        (Place::Filter, "${row.serial}/${row.wild} ${walk(0, 1, 1)}"),
        (Place::Url, "${row.nothing}"),
        (Place::JsonText, "${random_bytes(4)} \0 ${choice('+')}"),
        (Place::Payload, "${walk(1, 2)} ${walk(2, 1, 1)} ${walk(1, 1, 1)} ${walk(0, 1e3, 1)}"),
        (Place::Payload, "${walk(0, 1, 0)} ${walk(0, 1, 1.5)} ${walk(0, 1, 0.0000000001)}"),
        (Place::Url, "mqtt://${hostname()}:${user.number}/${env.HOME_TOPIC}"),
    ];
    let lines: Vec<String> = cases
        .iter()
        .flat_map(|(place, template)| {
            let faults = faults(*place, template).into_iter().map(|fault| format!("    {fault}"));
            [format!("{place:?} {template:?}")].into_iter().chain(faults)
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

proptest! {
    #[test]
    fn no_text_makes_the_parser_or_a_template_panic(text in r#"[$\{\}a-c_().,'"\\0-9 :é-]{0,40}"#) {
        for place in
            [Place::Payload, Place::Topic, Place::ClientId, Place::RowName, Place::Url, Place::JsonText]
        {
            match parse_at(place, &text) {
                Ok(template) => drop(render_bytes(&template)),
                Err(faults) => {
                    prop_assert!(!faults.is_empty());
                    // Every mark is a piece of the text.
                    prop_assert!(faults.iter().all(|fault| text.get(fault.range.clone()).is_some()));
                }
            }
        }
    }

    #[test]
    fn a_text_without_expressions_stands_for_itself(text in ".{0,60}") {
        prop_assume!(!text.contains("${"));
        prop_assert_eq!(render(&text), text.clone());
        // And every text does, when its openings are escaped.
        prop_assert_eq!(render(&text.replace("${", "$${")), text);
    }
}
