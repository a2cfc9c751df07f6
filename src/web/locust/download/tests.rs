use super::*;

#[test]
fn the_name_of_a_download_has_the_start_the_file_and_the_host() {
    let offer = crate::web::offer::Offer {
        file: "a folder/peak \"hour\"\r\n.toml".to_owned(),
        host: "mqtts://broker.example:8883/mqtt".to_owned(),
        ..Default::default()
    };
    let (desk, _commands) = Desk::new(offer);
    desk.tell(crate::web::now::Now { started: Some(1_709_251_199.9), ..Default::default() });
    assert_eq!(
        attachment(&desk, "_requests.csv"),
        "attachment;filename=Locust_2024-02-29-23h59_peak_hour_.toml_mqtts_broker.example_8883_mqtt_requests.csv"
    );
}
