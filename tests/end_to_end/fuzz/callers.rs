//! Whom a service is asked through.

use crate::services::Services;
use local_servers::service::Service;
use test_stack::caller::Caller;

pub fn caller_of(services: &Services, service: Service) -> &Caller {
    match service {
        Service::Flight => &services.flights,
        Service::Booking => &services.bookings,
        Service::Payment => &services.payments,
    }
}
